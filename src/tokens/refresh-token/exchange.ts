import type { Decision, PersonalData } from '../../event-store/event.js'
import { type ActiveFamily, type Family, revocation } from './family.js'
import type { ExchangedAccess, FamilyEvent, RefreshTokenExchange } from './family.events.js'
import { loginOf } from './family-under-marks.js'
import { type ExchangePolicy, type ExchangeRefusal, isGood, judge, type NoAccess, type Presented } from './judge.js'
import { type Ends, givenEnds, type WantedEnds } from './lifetimes.js'
import type { FamilySecret } from './token-value.js'

/**
 * `exchanged`: `generation` is the one whose token the client gets, or keeps if the family does not rotate. `succeeded`: another family took its
 * place, where the token counts as `generation`; nothing has changed.
 */
export type ExchangeResult =
  | ({ readonly kind: 'exchanged'; readonly generation: number } & Ends)
  | { readonly kind: 'succeeded'; readonly by: string; readonly generation: number; readonly ofRotating: boolean }
  | { readonly kind: 'refused'; readonly why: ExchangeRefusal }

/** What an exchange gives and, where Actions took part, what they made of the refresh token. */
export interface Access extends ExchangedAccess, Pick<RefreshTokenExchange, 'metadata'> {
  readonly wantedEnds?: WantedEnds
}

const NOTHING: Access = { accessTokenId: null, audience: null, scope: [] }

/** The family that is to take another's place. */
interface Successor extends FamilySecret {
  readonly familyId: string
  /** The other's id. */
  readonly replaces: string
}

/**
 * Spends the token for `access`, or for none where the caller found a reason against it; reuse ends the family whatever that is. A family that must
 * give way (`judge` says `switch`) does so to `successor`.
 */
export function exchange(
  state: Family,
  presented: Presented,
  policy: ExchangePolicy,
  now: Date,
  access: Access | { readonly refused: NoAccess } = NOTHING,
  successor?: Successor,
): Decision<FamilyEvent, ExchangeResult> {
  const verdict = judge(state, presented, policy, now)
  if (state.status === 'active' && isGood(verdict)) {
    if ('refused' in access) return { events: [], result: { kind: 'refused', why: access.refused } }
    const { wantedEnds = {}, ...gives } = access
    const given = { ...givenEnds(state, policy, wantedEnds, now), ...gives }
    if (verdict === 'switch') return replaced(state, successor!, presented, given)
    if (verdict === 'unchanged') return exchanged('RefreshTokenExchanged', { generation: state.generation, ...given })
    return exchanged('RefreshTokenRotated', { generation: state.generation + 1, ...given, ...binding(state, presented) })
  }
  if (state.status === 'revoked' && state.successorId !== null && verdict === 'succeeded') {
    const { successorId: by, generation, rotating } = state
    return { events: [], result: { kind: 'succeeded', by, generation: presented.generation - generation, ofRotating: presented.ofRotating ?? rotating } }
  }
  const reused = state.status === 'active' && verdict === 'reuse'
  const { events } = reused ? revocation(state, 'reuse', { presentedGeneration: presented.generation }) : { events: [] }
  return { events, result: { kind: 'refused', why: verdict as ExchangeRefusal } }
}

/** A token that came back because its answer was lost: Actions run on what the exchange before had found, so that nothing is counted twice. */
export const metadataFor = (state: ActiveFamily, { generation }: Pick<Presented, 'generation'>): PersonalData | null =>
  generation < state.generation && state.metadataBefore !== undefined ? state.metadataBefore : state.metadata

const exchanged = (type: 'RefreshTokenRotated' | 'RefreshTokenExchanged', data: RefreshTokenExchange): Decision<FamilyEvent, ExchangeResult> => ({
  events: [{ type, data }],
  result: { kind: 'exchanged', generation: data.generation, expiresAt: data.expiresAt, idleExpiresAt: data.idleExpiresAt },
})

/**
 * §13: a family of the other kind keeps the login, the absolute end, the metadata and where it was issued, and begins with this exchange
 * (docs/adr/0006-switching-rotation.md).
 */
function replaced(
  state: ActiveFamily,
  { familyId, keyId, salt, replaces }: Successor,
  presented: Presented,
  given: Omit<RefreshTokenExchange, 'generation'>,
): Decision<FamilyEvent, ExchangeResult> {
  const { userId, clientId, sessionId, authenticatedAt, connection, audience, scope, metadata, dpopThumbprint, initialOrigin } = state
  const rotating = !state.rotating
  const bound = binding(state, presented)
  const { expiresAt, idleExpiresAt } = given
  const started = {
    ...{ userId, clientId, sessionId, authenticatedAt, connection, audience, scope, metadata, dpopThumbprint, rotating, expiresAt, idleExpiresAt },
    ...(state.organizationId !== undefined && { organizationId: state.organizationId }),
    ...(state.methods && { methods: state.methods }),
    ...(state.boundSince !== undefined && { boundSince: state.boundSince - state.generation }),
    // §9: a token that does not rotate stays unbound if it was.
    ...(rotating && bound.dpopThumbprint !== undefined && { ...bound, boundSince: 1 }),
    ...{ keyId, salt, predecessor: { familyId: replaces, initialOrigin }, authorizedAt: loginOf(state) },
  }
  const { events: born, result } = exchanged('RefreshTokenExchanged', { generation: 1, ...given })
  return {
    events: revocation(state, 'rotation-switched', { successorId: familyId }).events,
    starts: { id: familyId, events: [{ type: 'FamilyStarted', data: started }, ...born] },
    result,
  }
}

/** §9: a public client's rotating token becomes bound to the key of the first proof that comes with it. */
const binding = (state: Pick<ActiveFamily, 'dpopThumbprint'>, { dpopThumbprint, confidential }: Presented): Pick<RefreshTokenExchange, 'dpopThumbprint'> =>
  state.dpopThumbprint === null && dpopThumbprint !== null && !confidential ? { dpopThumbprint } : {}
