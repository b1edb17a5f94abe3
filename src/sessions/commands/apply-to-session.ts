import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context, PersonalData } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import type { AttachedMetadata } from '../../metadata.js'
import { type Adjusted, adjustSession, type Adjustments, revokeSession } from '../session/adjust.js'
import { lifetimesOf } from '../session/lifetimes.js'
import { whose } from '../session/session.js'
import { type SessionUser, sessionOfUser } from '../session/session-of-user.js'

/** What Actions want of a session. Ends in epoch milliseconds; they may only come nearer. */
export interface SessionEffects extends Omit<Adjustments, 'metadata'> {
  /**
   * What becomes of the metadata that is stored when the change is made, so that two changes at once do not lose each other's; it may be asked
   * several times. The same object means that it stays.
   */
  readonly metadata?: (stored: AttachedMetadata) => AttachedMetadata
  /** Ends the session instead, as such or with one of its online refresh tokens; nothing else is applied then. */
  readonly revoke?: { readonly preserveRefreshTokens: boolean; readonly online?: number }
}

/**
 * Applies what Actions decided about a session, in one append (spec/actions.md §3.6, §4.3). Answers the session as it is then, undefined when it is
 * over, and which ends came out earlier than they were wanted. Changing nothing writes nothing. `context.actions` says which code it was.
 * Errors: what `metadata` throws; the database's.
 */
export class ApplyToSession extends Command<Adjusted> {
  constructor(
    readonly sessionId: string,
    readonly effects: SessionEffects,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(ApplyToSession)
export class ApplyToSessionHandler implements ICommandHandler<ApplyToSession> {
  constructor(
    private readonly store: EventStore,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ sessionId, effects, context }: ApplyToSession): Promise<Adjusted> {
    const { metadata, revoke, ...wanted } = effects
    const { result } = await this.store.transact(
      sessionOfUser,
      sessionId,
      async (state, now, companion) => {
        const cause = () => whose(state)
        if (revoke) return { events: revokeSession(state, revoke, now).events, result: { session: undefined, clamped: [] }, cause }
        const isActive = state.status === 'active'
        const replaced = isActive && metadata ? await this.#replaced(state.userId, state.metadata, metadata) : {}
        const lifetimes = lifetimesOf((companion as SessionUser).settings, !isActive || state.persistent)
        return { ...adjustSession(state, { ...wanted, ...replaced }, lifetimes, now), cause }
      },
      { ...context, sessionId },
    )
    return result
  }

  async #replaced(
    userId: string,
    sealed: PersonalData | null,
    change: (stored: AttachedMetadata) => AttachedMetadata,
  ): Promise<{ metadata?: PersonalData | null }> {
    const stored = (sealed === null ? undefined : await this.personKeys.open<AttachedMetadata>(sealed)) ?? {}
    const changed = change(stored)
    if (changed === stored || sameEntries(changed, stored)) return {}
    return { metadata: Object.keys(changed).length > 0 ? await this.personKeys.seal(userId, changed) : null }
  }
}

function sameEntries(a: AttachedMetadata, b: AttachedMetadata): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
}
