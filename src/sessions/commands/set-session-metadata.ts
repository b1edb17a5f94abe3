import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context, PersonalData } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { type AttachedMetadata, checkMetadata } from '../../metadata.js'
import { setSessionMetadata, whose } from '../session/session.js'
import { sessionOfUser } from '../session/session-of-user.js'

/** Replaces a session's metadata (spec/sessions.md §10). Answers false when there is no such living session. Errors: InvalidMetadataError. */
export class SetSessionMetadata extends Command<boolean> {
  constructor(
    readonly sessionId: string,
    readonly metadata: AttachedMetadata,
    readonly context: Context = {},
  ) {
    super()
  }
}

@CommandHandler(SetSessionMetadata)
export class SetSessionMetadataHandler implements ICommandHandler<SetSessionMetadata> {
  constructor(
    private readonly store: EventStore,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ sessionId, metadata, context }: SetSessionMetadata): Promise<boolean> {
    checkMetadata(metadata)
    const { result } = await this.store.transact(
      sessionOfUser,
      sessionId,
      async (state, now) => {
        const sealed = state.status === 'active' ? await this.#seal(state.userId, metadata) : null
        return { ...setSessionMetadata(state, sealed, now), cause: () => whose(state) }
      },
      { ...context, sessionId },
    )
    return result
  }

  async #seal(userId: string, metadata: AttachedMetadata): Promise<PersonalData | null> {
    return Object.keys(metadata).length > 0 ? this.personKeys.seal(userId, metadata, { current: true }) : null
  }
}
