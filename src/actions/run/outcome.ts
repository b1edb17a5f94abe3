import type { ExecutionFacts } from '../../event-store/event.js'
import type { CookieMode, Json } from '../rules/commands.js'
import type { Claims } from '../rules/claims.js'
import type { MetadataOperation } from '../rules/metadata.js'
import type { ErrorClass } from './run-action.js'
import type { Pending, PendingExpiry } from './pending.js'

export type { ExecutionFacts }

/** To be set, or with null taken away, in the user's metadata. */
type MetadataPatch = Readonly<Record<string, Json>>

/** What is applied whether tokens follow or not (spec/actions.md §4.3). */
export interface SideEffects {
  readonly user: { readonly user_metadata: MetadataPatch; readonly app_metadata: MetadataPatch }
  readonly session: PendingExpiry & { readonly operations: readonly MetadataOperation[]; readonly cookieMode?: CookieMode }
  /** URLs of methods by which the person was authenticated elsewhere. */
  readonly methods: readonly string[]
}

interface Ended {
  readonly execution: ExecutionFacts
  /** For the log, as `w`. */
  readonly warnings: readonly string[]
}

/** The flow goes on. */
export interface Allowed extends Ended, SideEffects {
  readonly kind: 'allowed'
  /** Without those that no Action may set. The token's own claims are written after them. */
  readonly claims: { readonly accessToken: Claims; readonly idToken: Claims }
  /** Of this access token alone. */
  readonly scopes: { readonly add: readonly string[]; readonly remove: readonly string[] }
  /** Operations, not values: they are replayed on what is stored when the tokens are issued. Expiry in epoch milliseconds; it may only shorten. */
  readonly refreshToken: PendingExpiry & { readonly operations: readonly MetadataOperation[] }
  /** `required`: a second factor before anything is issued. `none`: not even the tenant's own policy asks for one. */
  readonly multifactor?: 'required' | 'none'
}

/** What tokens are issued with. In the code flow it travels with the code, since Actions do not run again at its redemption (spec/actions.md §4.1). */
export type IssuanceDecisions = Pick<Allowed, 'claims' | 'scopes' | 'refreshToken'>

/** Nothing is issued. */
export interface Denied extends Ended, SideEffects {
  readonly kind: 'denied'
  readonly why: 'denied' | 'validation' | 'refresh-token-revoked' | 'session-revoked' | 'interaction-required' | ErrorClass
  readonly error: 'access_denied' | 'interaction_required' | 'server_error'
  /** At most 1024 characters, none of them a control character. */
  readonly description: string
  /** Of `validation.error`. */
  readonly code?: string
  /** Revoke the refresh token with its family; an online one, the session. */
  readonly revokeRefreshToken: boolean
  readonly revokeSession?: { readonly preserveRefreshTokens: boolean }
}

/** The browser goes elsewhere and comes back with a state that the caller chooses; then ContinuePostLogin goes on. */
export interface Redirected extends Ended, SideEffects {
  readonly kind: 'redirected'
  readonly url: string
  readonly suspended: Suspended
}

/** What is to be kept until then; JSON. It holds personal data. */
export interface Suspended {
  readonly execution: string
  readonly bindingId: string
  readonly pending: Pending
  readonly actions: ExecutionFacts['actions']
}

export type PostLoginOutcome = Allowed | Denied | Redirected

const MAX_DESCRIPTION = 1024

/** A text of an Action as a client may get it (spec/actions.md §4.6): it travels in URLs and logs. Half a character is none. */
export function describable(text: string): string {
  if (PLAIN.test(text)) return text.slice(0, MAX_DESCRIPTION)
  return (
    text
      // eslint-disable-next-line no-control-regex -- these are the ones that it takes out
      .replace(/[\u0000-\u001f\u007f-\u009f]/g, '')
      .replace(/[\u2028\u2029]/g, ' ')
      .slice(0, MAX_DESCRIPTION)
      .replace(/\p{Surrogate}/gu, '\ufffd')
  )
}

/** Nearly every text: nothing of it is taken out, and no cut halves a character. */
export const PLAIN = /^[ -~]*$/
