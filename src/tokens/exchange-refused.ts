import type { Context, ExecutionFacts } from '../event-store/event.js'
import { OAuthError, type OAuthErrorCode } from '../http/oauth-error.js'
import type { AccessRefused } from './commands/redeem-refresh-token.js'
import type { Denial } from './post-login/denial.js'

/** What the log should know of a refused exchange beside the answer. */
export interface RefusedExchange {
  readonly reason: string
  readonly userId?: string
  readonly familyId?: string
  /** The refusal is in the log already, as an event of its own. */
  readonly recorded?: boolean
  /** Which login it goes back to. */
  readonly login?: Pick<Context, 'sessionId' | 'connection' | 'organizationId'>
  /** Where a policy of the client opened the API that was asked for. */
  readonly policyUsed?: 'mrrt'
  /** It was an online refresh token. */
  readonly online?: true
  /** Where it was Actions that refused. */
  readonly actions?: ExecutionFacts
  /** Which the Action gave with its refusal. */
  readonly actionCode?: string
}

/** Thrown by a grant that was understood, came from its client, and is refused. */
export class ExchangeRefused extends OAuthError {
  constructor(
    code: OAuthErrorCode,
    description: string,
    readonly refused: RefusedExchange,
    /** The HTTP status, where it is not the one that belongs to the code. */
    status?: number,
  ) {
    super(code, description, refused.reason, { ofAction: refused.actions !== undefined, ...(status !== undefined && { status }) })
  }
}

/** The refusal of a refresh token that is good itself: it was the access that could not be given. */
export function accessRefused({ refused, error, description, denial }: AccessRefused, about: Omit<RefusedExchange, 'reason'>): ExchangeRefused {
  return denial ? deniedByActions(denial, about) : new ExchangeRefused(error, description, { ...about, reason: refused })
}

type ByActions = Pick<Denial, 'error' | 'description' | 'why' | 'execution' | 'code'>

export const deniedByActions = ({ error, description, why, execution, code }: ByActions, about: Omit<RefusedExchange, 'reason'> = {}): ExchangeRefused =>
  new ExchangeRefused(error, description, { ...about, reason: `actions: ${why}`, actions: execution, ...(code !== undefined && { actionCode: code }) })
