import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { EventStore } from '../../event-store/event-store.js'
import { NotYetError } from '../../event-store/projection.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { EndListedTokens } from '../revocation/end-listed-tokens.js'
import { closeRevocation, OpenRevocations } from '../revocation/open-revocations.js'
import { advance, revocation, type RunningRevocation } from '../revocation/revocation.js'
import type { Progress } from '../revocation/revocation.events.js'
import { meantBy, openSelection } from '../revocation/selection.js'

/**
 * Takes each open revocation a slice further, so that a small one does not wait for a large one. A worker that dies leaves it at its last
 * report, and the next one goes on from there. Answers how many were open. Errors: the first of those that failed.
 */
export class WorkOffRevocations extends Command<number> {}

@CommandHandler(WorkOffRevocations)
export class WorkOffRevocationsHandler implements ICommandHandler<WorkOffRevocations> {
  constructor(
    private readonly store: EventStore,
    private readonly open: OpenRevocations,
    private readonly tokens: EndListedTokens,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute(): Promise<number> {
    const ids = await this.open.find()
    const failed: unknown[] = []
    for (const id of ids) {
      const { state } = await this.store.read(revocation, id)
      // One that fails does not keep the others from going on.
      if (state.status === 'running') await this.#advance(id, state).catch((error: unknown) => failed.push(error))
    }
    if (failed.length > 0) throw failed[0]
    return ids.length
  }

  async #advance(id: string, state: RunningRevocation): Promise<void> {
    const progress = await this.#slice(id, state)
    if (!progress) return
    await this.store.transact(
      revocation,
      id,
      (now) => advance(now, state.slices, progress),
      { ...state.context, causationId: id },
      async (db, after) => {
        if (after.status === 'finished') await closeRevocation(db, id)
      },
    )
  }

  /** Undefined while the list is behind: later, then. */
  async #slice(id: string, state: RunningRevocation): Promise<Progress | undefined> {
    const filter = await openSelection(this.personKeys, state)
    if (!filter) return { place: null, ended: 0 }
    try {
      return await this.tokens.slice(meantBy(filter, state.before), state.place, { ...state.context, causationId: id })
    } catch (error) {
      if (error instanceof NotYetError) return undefined
      throw error
    }
  }
}
