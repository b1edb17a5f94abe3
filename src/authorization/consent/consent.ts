import type { Decider, Decision } from '../../event-store/event.js'
import { type ConsentEvent, type ConsentParties, consentUpcasters, type WithdrawalReason } from './consent.events.js'

/** What a person lets a client have at an API (spec/oauth.md §4.7). Times are ISO strings. */
export type ConsentState =
  | { readonly status: 'none' }
  /** `givenAt`: first, since it was withdrawn last. */
  | (ConsentParties & { readonly status: 'given'; readonly scope: readonly string[]; readonly givenAt: string })
  | (ConsentParties & { readonly status: 'withdrawn' })

export const consent: Decider<ConsentState, ConsentEvent> = {
  streamType: 'consent',
  initial: { status: 'none' },
  stateVersion: 1,
  upcasters: consentUpcasters,
  evolve: (state, { type, data }, { at }) => {
    const { userId, clientId, audience } = data
    switch (type) {
      case 'ConsentGiven':
        return { status: 'given', userId, clientId, audience, scope: data.scope, givenAt: state.status === 'given' ? state.givenAt : at }
      case 'ConsentWithdrawn':
        return { status: 'withdrawn', userId, clientId, audience }
    }
  },
}

/**
 * What a client may have without anybody being asked: `remembered` what it was allowed before, `all` what a client of the tenant's own wants;
 * nothing when it wants the person to be asked again.
 */
export type Unasked = 'nothing' | 'remembered' | 'all'

/**
 * Lets the client have the scope if the person has just been asked, or need not be. What was allowed before stays allowed, but not what is another's,
 * who bore the id before.
 */
export function settle(
  state: ConsentState,
  parties: ConsentParties,
  scope: readonly string[],
  answer: 'accepted' | { readonly unasked: Unasked },
  isAnothers = false,
): Decision<ConsentEvent, 'given' | 'needed'> {
  const before = state.status === 'given' && !isAnothers ? state.scope : undefined
  const isCovered = before !== undefined && scope.every((wanted) => before.includes(wanted))
  if (answer !== 'accepted' && (answer.unasked === 'nothing' || (answer.unasked === 'remembered' && !isCovered))) return { events: [], result: 'needed' }
  if (isCovered) return { events: [], result: 'given' }
  const data = { ...parties, scope: [...new Set([...(before ?? []), ...scope])], asked: answer === 'accepted' }
  const withdrawn = state.status === 'given' && isAnothers ? [{ type: 'ConsentWithdrawn', data: { ...parties, reason: 'user-deleted' } } as const] : []
  return { events: [...withdrawn, { type: 'ConsentGiven', data }], result: 'given' }
}

/** Takes it all away; one that was first given after `until` (ISO) is another. Answers whose it is or was, if it ever was given. */
export function withdraw(state: ConsentState, reason: WithdrawalReason, until?: string): Decision<ConsentEvent, ConsentParties | undefined> {
  if (state.status === 'none') return { events: [], result: undefined }
  const { userId, clientId, audience } = state
  const result = { userId, clientId, audience }
  if (state.status === 'withdrawn' || (until !== undefined && Date.parse(state.givenAt) > Date.parse(until))) return { events: [], result }
  return { events: [{ type: 'ConsentWithdrawn', data: { ...result, reason } }], result }
}
