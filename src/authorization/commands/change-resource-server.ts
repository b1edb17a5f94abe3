import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Changes } from '../../event-store/difference.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import type { ResourceServerDocument } from '../resource-server/resource-server.events.js'
import { changeResourceServer, resourceServer } from '../resource-server/resource-server.js'
import { writeResourceServer } from '../resource-server/resource-server-table.js'
import { encryptSigningSecret } from '../resource-server/signing-secret.js'

type ResourceServerChanges = Changes<Omit<ResourceServerDocument, 'id' | 'identifier' | 'is_system'>>

/** Sets the members that are named; changes that depend on what the API is come as a function of it. `bySystem` is for the start of this service, which alone may change the Management API. */
export class ChangeResourceServer extends Command<'changed' | 'absent' | 'system'> {
  constructor(
    readonly id: string,
    readonly changes: ResourceServerChanges | ((resourceServer: ResourceServerDocument) => ResourceServerChanges),
    readonly context: Context,
    readonly bySystem = false,
    readonly signingSecret?: string,
  ) {
    super()
  }
}

@CommandHandler(ChangeResourceServer)
export class ChangeResourceServerHandler implements ICommandHandler<ChangeResourceServer> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
  ) {}

  async execute({ id, changes, context, bySystem, signingSecret }: ChangeResourceServer): Promise<'changed' | 'absent' | 'system'> {
    const encrypted = signingSecret === undefined ? undefined : encryptSigningSecret(this.rootKeys, id, signingSecret)
    const { result } = await this.store.transact(
      resourceServer,
      id,
      (state) => {
        const wanted = typeof changes !== 'function' ? changes : state.status === 'present' ? changes(state.resourceServer) : {}
        return changeResourceServer(state, wanted, { bySystem, newSecret: encrypted !== undefined })
      },
      context,
      (db, state, now) => writeResourceServer(db, id, state, now, encrypted),
    )
    return result
  }
}
