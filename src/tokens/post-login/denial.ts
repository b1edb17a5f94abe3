import type { PostLoginOutcome } from '../../actions/index.js'
import type { ExecutionFacts } from '../../event-store/event.js'
import type { OAuthErrorCode } from '../../http/oauth-error.js'

/** Actions let nothing be issued. */
export interface Denial {
  readonly kind: 'denied'
  readonly error: OAuthErrorCode
  /** As the client gets it. It may be an Action's own text, and so about the person. */
  readonly description: string
  /** For the log. */
  readonly why: string
  /** Of `validation.error`, for the log too. */
  readonly code?: string
  readonly execution: ExecutionFacts
  readonly revokeRefreshToken: boolean
  /** What the Actions want for the user and the session all the same; absent where nothing is to follow. */
  readonly outcome?: PostLoginOutcome
}

/**
 * The refusal of an exchange for an outcome that lets none go on (spec/actions.md §4.6). A second factor cannot be asked for at the token
 * endpoint, so where an Action wants one the client is told to send the person to log in.
 */
export function denialOf(outcome: PostLoginOutcome): Denial {
  const { execution } = outcome
  const kept = { kind: 'denied', execution, revokeRefreshToken: false } as const
  switch (outcome.kind) {
    case 'allowed':
      return { ...kept, error: 'mfa_required', description: 'Multifactor authentication required', why: 'mfa-required' }
    case 'redirected':
      return {
        ...kept,
        error: 'interaction_required',
        description: 'An Action wants to redirect, which this flow cannot do.',
        why: 'interaction-required',
        outcome,
      }
    case 'denied': {
      const { error, description, why, code, revokeRefreshToken } = outcome
      return { ...kept, error, description, why, ...(code !== undefined && { code }), revokeRefreshToken, outcome }
    }
  }
}
