import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { type Cause, causeOf, type PostLoginOutcome, replayMetadata, type SideEffects } from '../../actions/index.js'
import { Audit } from '../../audit/audit.js'
import type { Context } from '../../event-store/event.js'
import type { AttachedMetadata } from '../../metadata.js'
import { type ActiveSession, ApplyToSession, type Clamped, type SessionEffects } from '../../sessions/index.js'
import { ChangeUser } from '../../users/index.js'

/** Whom the effects are on; no session where the flow has none. */
interface EffectParties {
  readonly userId: string
  readonly sessionId: string | undefined
}

/**
 * Carries out what Actions decided whether tokens follow or not (spec/actions.md §4.3): the user's metadata, the session, its end, warnings. Each
 * is a change of its own whose event says which code wanted it; repeating them changes nothing more.
 */
@Injectable()
export class PostLoginEffects {
  constructor(
    private readonly commands: CommandBus,
    private readonly audit: Audit,
  ) {}

  /**
   * `cause` is the login's or the exchange's, with its origin sealed; as a function where that can wait until there is something to do.
   * Answers the session where it was changed, undefined where it is over, or was left alone. Errors: the database's.
   */
  async apply(outcome: PostLoginOutcome, { userId, sessionId }: EffectParties, cause: Context | Cause): Promise<ActiveSession | undefined> {
    const context = async (): Promise<Context> => ({ ...(await causeOf(cause)()), userId, actions: outcome.execution })
    await this.#user(outcome.user, userId, context)
    const { session, warnings } = sessionId === undefined ? NOTHING : await this.#session(outcome, sessionId, context)
    // An Action in a loop must not fill the log.
    for (const description of [...new Set([...outcome.warnings, ...warnings])].slice(0, MAX_WARNINGS))
      await this.audit.record({ type: 'Warned', data: { description } }, await context())
    return session
  }

  async #user({ user_metadata, app_metadata }: SideEffects['user'], userId: string, context: Cause): Promise<void> {
    const attributes = { ...(hasMembers(user_metadata) && { user_metadata }), ...(hasMembers(app_metadata) && { app_metadata }) }
    // Who was deleted meanwhile has no metadata to change.
    if (hasMembers(attributes)) await this.commands.execute(new ChangeUser(userId, { attributes }, await context()))
  }

  async #session(outcome: PostLoginOutcome, sessionId: string, context: Cause): Promise<{ session?: ActiveSession | undefined; warnings: readonly string[] }> {
    if (outcome.kind === 'denied' && outcome.revokeSession) {
      await this.commands.execute(new ApplyToSession(sessionId, { revoke: outcome.revokeSession }, await context()))
      return NOTHING
    }
    const { operations, expiresAt, idleExpiresAt, cookieMode } = outcome.session
    const { methods } = outcome
    if (operations.length === 0 && expiresAt === undefined && idleExpiresAt === undefined && cookieMode === undefined && methods.length === 0) return NOTHING
    const problems: string[] = []
    const metadata = (stored: AttachedMetadata): AttachedMetadata => {
      problems.length = 0
      try {
        return replayMetadata(stored, operations)
      } catch (error) {
        // What the Actions saw was changed meanwhile, and with theirs it would be too much.
        problems.push(`Failed to set session metadata: Invalid metadata: ${(error as Error).message}`)
        return stored
      }
    }
    const effects: SessionEffects = { expiresAt, idleExpiresAt, cookieMode, methods, ...(operations.length > 0 && { metadata }) }
    const { session, clamped } = await this.commands.execute(new ApplyToSession(sessionId, effects, await context()))
    return { session, warnings: [...problems, ...clamped.map((found) => clampedText(sessionId, found))] }
  }
}

const MAX_WARNINGS = 20
const NOTHING = { session: undefined, warnings: [] } as const

const hasMembers = (value: object): boolean => Object.keys(value).length > 0

/** spec/actions.md §4.5 */
const clampedText = (sessionId: string, { end, requested, applied }: Clamped): string =>
  `An Action asked for ${requested} as the ${end === 'expiresAt' ? 'absolute' : 'idle'} end of session ${sessionId}; the tenant's limit applies: ${applied}.`
