import { randomUUID } from 'node:crypto'
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { action, deployDraft, type DeployOutcome, restoreVersion } from '../action/action.js'
import { copyVersionToDraft, writeAction } from '../action/action-table.js'

/** Makes the draft, or a former version, the one that runs: on every worker within a second. */
export class DeployAction extends Command<DeployOutcome> {
  constructor(
    readonly id: string,
    readonly context: Context,
    readonly former?: { readonly versionId: string; readonly updateDraft: boolean },
  ) {
    super()
  }
}

@CommandHandler(DeployAction)
export class DeployActionHandler implements ICommandHandler<DeployAction> {
  constructor(private readonly store: EventStore) {}

  async execute({ id, former, context }: DeployAction): Promise<DeployOutcome> {
    const versionId = randomUUID()
    const { result } = await this.store.transact(
      action,
      id,
      (state) => (former ? restoreVersion(state, former.versionId, versionId, former) : deployDraft(state, versionId)),
      context,
      async (db, state, now) => {
        await writeAction(db, id, state, now, {}, former?.versionId)
        if (former?.updateDraft) await copyVersionToDraft(db, id, versionId)
      },
    )
    return result
  }
}
