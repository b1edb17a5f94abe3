import type { Context, Decider, Decision } from '../../event-store/event.js'
import type { EventStore } from '../../event-store/event-store.js'
import type { Family } from './family.js'
import type { FamilyEvent } from './family.events.js'
import { familyUnderMarks } from './family-under-marks.js'

/**
 * Lets `decide` end a family, or the one that took its place when the client's tokens began or ceased to rotate (spec/refresh-tokens.md
 * §13): whoever ends a login by an id or a token that was good a moment ago means that login. `check` looks at the family that was named.
 * What a mark has ended is ended, unless `decider` looks at no marks.
 */
export async function revokeLine<R>(
  store: EventStore,
  familyId: string,
  decide: (state: Family, now: Date) => Decision<FamilyEvent, R>,
  context: Context,
  check: (state: Family) => R | undefined = () => undefined,
  decider: Decider<Family, FamilyEvent> = familyUnderMarks,
): Promise<R> {
  for (let id = familyId; ;) {
    const { result } = await store.transact(
      decider,
      id,
      (state, now): Decision<FamilyEvent, { readonly outcome: R } | { readonly successorId: string }> => {
        const wrong = id === familyId ? check(state) : undefined
        if (wrong !== undefined) return { events: [], result: { outcome: wrong } }
        if (state.status === 'revoked' && state.successorId !== null) return { events: [], result: { successorId: state.successorId } }
        const { result: outcome, ...decided } = decide(state, now)
        return { ...decided, result: { outcome } }
      },
      context,
    )
    if ('outcome' in result) return result.outcome
    id = result.successorId
  }
}
