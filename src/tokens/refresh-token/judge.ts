import type { ActiveFamily, Family } from './family.js'
import { isExpired, type LifetimePolicy } from './lifetimes.js'

export interface ExchangePolicy extends LifetimePolicy {
  readonly leewaySeconds: number
  /** Whether the client's tokens are to rotate; absent: as they are. */
  readonly rotating?: boolean
}

/** The first six in the order of §6.1, checks 5 to 8; the others say why there can be no access, checks 9 to 13. */
export type ExchangeRefusal = 'unknown' | 'foreign' | 'binding' | 'revoked' | 'expired' | 'reuse' | NoAccess
export type NoAccess =
  'user-gone' | 'user-blocked' | 'not-a-member' | 'scope' | 'unknown-audience' | 'other-audience' | 'possession' | 'no-client-grant' | 'actions'

export interface Presented {
  readonly clientId: string
  /** Zero or less: of the family that this one took the place of, whose last generation counts as 0. */
  readonly generation: number
  /** Of such a token: whether its own family rotated. One that did not may be held in several places by right, so its return is no sign of theft. */
  readonly ofRotating?: boolean | undefined
  /** Of the key whose proof came with the request; null without one. */
  readonly dpopThumbprint: string | null
  /** Whether the client has shown a secret or a key of its own, which binds its tokens instead (§9). */
  readonly confidential: boolean
}

/**
 * `next`: for the token of the next generation; `unchanged`: for the one that the client has, or had lost. `switch`: the family must first give way to one
 * of the other kind. `succeeded`: it has, and the other one is to judge.
 */
type Verdict = Good | 'succeeded' | 'user-gone' | Exclude<ExchangeRefusal, NoAccess>
type Good = 'next' | 'unchanged' | 'switch'

/** Access may be given for it. */
export const isGood = (verdict: Verdict): verdict is Good => verdict === 'next' || verdict === 'unchanged' || verdict === 'switch'

/** §6.1 checks 5 to 8, with §7.1: what the token is good for. The caller has seen that it is genuine. */
export function judge(state: Family, presented: Presented, policy: Pick<ExchangePolicy, 'leewaySeconds' | 'rotating'>, now: Date): Verdict {
  if (state.status === 'none' || state.status === 'barred') return 'unknown'
  if (state.clientId !== presented.clientId) return 'foreign'
  if (state.status === 'revoked') {
    if (state.successorId !== null) return 'succeeded'
    return state.reason === 'user-deleted' ? 'user-gone' : 'revoked'
  }
  const holdsKey = state.dpopThumbprint === null || state.dpopThumbprint === presented.dpopThumbprint
  if (!holdsKey && presented.generation >= (state.boundSince ?? -Infinity)) return 'binding'
  if (isExpired(state, now)) return 'expired'
  // Genuine yet newer than all we know: the log was restored to an earlier time.
  if (presented.generation > state.generation) return 'unknown'
  if (presented.generation === state.generation) {
    if (policy.rotating !== undefined && policy.rotating !== state.rotating) return 'switch'
    return state.rotating ? 'next' : 'unchanged'
  }
  // What it was spent for is bound, and of no use to anybody else.
  if (isRetry(state, presented.generation, policy.leewaySeconds, now)) return holdsKey ? 'unchanged' : 'binding'
  return presented.ofRotating === false ? 'revoked' : 'reuse'
}

/** §7.1: only the previous generation, and only until the leeway after the rotation has passed. */
function isRetry(state: ActiveFamily, generation: number, leewaySeconds: number, now: Date): boolean {
  return leewaySeconds > 0 && generation === state.generation - 1 && now.getTime() <= Date.parse(state.rotatedAt) + leewaySeconds * 1000
}
