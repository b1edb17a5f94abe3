import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { FindClientGrants } from '../queries/find-client-grants.js'
import { DeleteClientGrant } from './delete-client-grant.js'

const PAGE = 100

/** Takes away all grants of a client, or all at an API, which is gone. Safe to repeat. */
export class DeleteClientGrantsOf extends Command<void> {
  constructor(
    readonly filter: { readonly clientId: string } | { readonly audience: string },
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(DeleteClientGrantsOf)
export class DeleteClientGrantsOfHandler implements ICommandHandler<DeleteClientGrantsOf> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  async execute({ filter, context }: DeleteClientGrantsOf): Promise<void> {
    for (;;) {
      const { rows } = await this.queries.execute(new FindClientGrants(filter, { limit: PAGE }))
      if (rows.length === 0) return
      for (const { document } of rows) await this.commands.execute(new DeleteClientGrant(document.id, context))
    }
  }
}
