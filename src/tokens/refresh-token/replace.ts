import type { Access, ActiveFamily, ExchangePolicy, Presented } from './family.js'
import { binding, givenAt, revocation } from './family.js'
import type { FamilyEvent } from './family.events.js'
import type { Ends } from './lifetimes.js'
import { loginOf } from './family-under-marks.js'
import type { FamilySecret } from './token-value.js'

/** What becomes of both families: the events of the old one, and those that the new one is born with. */
export interface Replacement {
  readonly events: readonly FamilyEvent[]
  readonly born: readonly FamilyEvent[]
  readonly ends: Ends
}

/**
 * Puts a family of the other kind in the place of one that `judge` told to switch (spec/refresh-tokens.md §13): it keeps the login, the
 * absolute end, the metadata and where it was issued, and begins with this exchange. Both must be appended in one transaction
 * (docs/adr/0006-switching-rotation.md).
 */
export function replace(
  state: ActiveFamily,
  familyId: string,
  successor: FamilySecret & { readonly familyId: string },
  presented: Presented,
  policy: ExchangePolicy,
  now: Date,
  access: Access,
): Replacement {
  const { userId, clientId, sessionId, authenticatedAt, connection, audience, scope, metadata, dpopThumbprint, initialOrigin } = state
  const rotating = !state.rotating
  const bound = binding(state, presented)
  const given = givenAt(state, access, policy, now)
  const ends = { expiresAt: given.expiresAt, idleExpiresAt: given.idleExpiresAt }
  const started = {
    ...{ userId, clientId, sessionId, authenticatedAt, connection, audience, scope, metadata, dpopThumbprint, rotating, ...ends },
    ...(state.organizationId !== undefined && { organizationId: state.organizationId }),
    ...(state.boundSince !== undefined && { boundSince: state.boundSince - state.generation }),
    // §9: a token that does not rotate stays unbound if it was.
    ...(rotating && bound.dpopThumbprint !== undefined && { ...bound, boundSince: 1 }),
    keyId: successor.keyId,
    salt: successor.salt,
    predecessor: { familyId, initialOrigin },
    authorizedAt: loginOf(state),
  }
  return {
    events: revocation(state, 'rotation-switched', { successorId: successor.familyId }).events,
    born: [
      { type: 'FamilyStarted', data: started },
      { type: 'RefreshTokenExchanged', data: { generation: 1, ...given } },
    ],
    ends,
  }
}
