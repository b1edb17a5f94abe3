import type { AuditEvent } from '../../audit/audit.events.js'
import type { AuthorizationCodeEvent } from '../../authorization/index.js'
import type { ExecutionFacts, PersonalData, SealedEvent } from '../../event-store/event.js'
import type { SessionEvent } from '../../sessions/index.js'
import type { FamilyEvent, RefreshTokenMarkEvent } from '../../tokens/index.js'
import type { UserEvent } from '../../users/index.js'
import type { LogCode } from './log-codes.js'

export type SourceEvent = AuditEvent | AuthorizationCodeEvent | FamilyEvent | RefreshTokenMarkEvent | SessionEvent | UserEvent

/** What the log says of an event, beside what its metadata tells. */
export interface LogEntry {
  readonly type: LogCode
  readonly description?: string
  readonly scope?: string
  readonly audience?: string
  /** Whom it is about, where the request does not say so itself. */
  readonly userId?: string
  /** Where the account is or was, if the request does not say so itself. */
  readonly connection?: string
  /** Whose token it was, where another client than that one made the request. */
  readonly clientId?: string
  /** As typed, where there is no user to name. */
  readonly userName?: PersonalData
  /** Member names are Auth0's. What is undefined is left out. */
  readonly details?: Readonly<Record<string, unknown>>
}

export type Of<T extends SourceEvent['type']> = SealedEvent<Extract<SourceEvent, { type: T }>>

/** `details.actions` (spec/actions.md §4.7). */
export const executionsOf = (execution: ExecutionFacts | undefined): { readonly executions: readonly string[] } => ({
  executions: execution?.id === undefined ? [] : [execution.id],
})

/** What a token was given for. */
export const access = ({ audience, scope }: { readonly audience: string | null; readonly scope: readonly string[] }): Pick<LogEntry, 'audience' | 'scope'> => ({
  ...(audience !== null && { audience }),
  scope: scope.join(' '),
})
