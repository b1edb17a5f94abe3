import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { idIn, type SealedEvent } from '../event-store/event.js'
import type { Reactor } from '../event-store/projection.js'
import { type ActionEvent, actionUpcasters } from './action/action.events.js'
import { BuildAction } from './commands/build-action.js'

/** Builds what has changed: in the background, so that a build that dies with its process is begun again by another. */
@Injectable()
export class ActionBuildReactor implements Reactor<ActionEvent> {
  readonly name = 'action_build'
  readonly upcasters = actionUpcasters

  constructor(private readonly commands: CommandBus) {}

  async react({ type, data, streamId, metadata }: SealedEvent<ActionEvent>): Promise<void> {
    if (type !== 'ActionBuildRequested') return
    const { actor, clientId } = metadata
    const by = { ...(actor !== undefined && { actor }), ...(clientId !== undefined && { clientId }) }
    await this.commands.execute(new BuildAction(idIn(streamId), data.build, by))
  }
}
