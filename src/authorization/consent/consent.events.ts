import type { Upcasters } from '../../event-store/event.js'

/** Who lets which client have something, at which API; null for logins without one. */
export interface ConsentParties {
  readonly userId: string
  readonly clientId: string
  readonly audience: string | null
}

export interface ConsentGiven extends ConsentParties {
  /** All that the client may have from now on. */
  readonly scope: readonly string[]
  /** False where nobody had to be asked: a client of the tenant's own. */
  readonly asked: boolean
}

/** `deleted`: this one, by an operator; `all-deleted`: all of the user. */
export type WithdrawalReason = 'deleted' | 'all-deleted' | 'refresh-token-ended' | 'user-deleted' | 'client-deleted'

export type ConsentEvent =
  | { readonly type: 'ConsentGiven'; readonly data: ConsentGiven }
  | { readonly type: 'ConsentWithdrawn'; readonly data: ConsentParties & { readonly reason: WithdrawalReason } }

export const consentUpcasters: Upcasters<ConsentEvent> = { ConsentGiven: [], ConsentWithdrawn: [] }
