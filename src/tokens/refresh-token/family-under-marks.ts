import type { Decider, Guard } from '../../event-store/event.js'
import { type ActiveFamily, type Family, family } from './family.js'
import type { FamilyEvent, RevocationReason } from './family.events.js'
import { markKeys } from './mark-key.js'

/** The first mark that came after a family's login: what ended it. */
export type FamilyMark = { readonly before: string; readonly reason: RevocationReason } | null

/** FamilyMark in SQL, over the row `s` of a family's stream. */
export const FAMILY_MARK = `(
  select jsonb_build_object('before', m.before, 'reason', m.reason)
  from (
    select s.state->>'userId' as user_id, s.state->>'clientId' as client_id, s.state->>'audience' as audience, s.state->>'sessionId' as session_id,
      s.state->>'organizationId' as organization_id,
      coalesce(s.state->>'authorizedAt', s.state->>'startedAt')::timestamptz as began offset 0
  ) as own, refresh_token_marks m
  where m.key = any(refresh_token_mark_keys(own.user_id, own.client_id, own.audience, own.session_id, own.organization_id)) and m.before >= own.began
  order by m.before limit 1)`

/**
 * The family as whoever judges it must see it: one under a mark is revoked, as if its own stream said so (docs/adr/0004). Nothing is appended to it
 * that was decided before the mark.
 */
export const familyUnderMarks: Decider<Family, FamilyEvent> = {
  ...family,
  companion: { name: 'family-marks', sql: FAMILY_MARK },
  seen: (state, companion) => underMark(state, companion as FamilyMark),
  guards: guardsOf,
}

/** A revoked family stays as its own stream says. */
export function underMark(state: Family, mark: FamilyMark): Family {
  if (state.status !== 'active' || !mark) return state
  const revoked = { type: 'FamilyRevoked', data: { reason: mark.reason, latestGeneration: state.generation } } as const
  return family.evolve(state, revoked, { at: new Date(mark.before).toISOString() })
}

/** The marks that may end it, and from when on. */
export function guardsOf(state: Family): readonly Guard[] {
  return state.status === 'active' ? [{ keys: markKeys(state), after: new Date(loginOf(state)) }] : []
}

/** When the login began that the family goes back to: marks from then on end it. */
export const loginOf = ({ authorizedAt, startedAt }: Pick<ActiveFamily, 'authorizedAt' | 'startedAt'>): string => authorizedAt ?? startedAt
