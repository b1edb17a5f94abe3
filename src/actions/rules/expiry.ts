/** Why `setExpiresAt` and `setIdleExpiresAt` refuse a value (spec/actions.md §3.5); undefined for epoch milliseconds. */
export function expiryProblem(value: unknown, which: 'absolute' | 'inactivity'): string | undefined {
  if (!value) return 'Either inactivity or absolute expiration time must be provided'
  return typeof value === 'number' && Number.isFinite(value) ? undefined : `${which} must be number`
}

/** The earlier of two ends. */
export const earliest = (a: number | undefined, b: number): number => (a === undefined ? b : Math.min(a, b))

/** The last instant whose ISO string sorts as the others do. */
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** The time as one that an ISO string of 24 characters can name: what is further away is as good as never, or long ago. */
export const nameable = (ms: number): number => Math.round(Math.min(Math.max(ms, 0), LAST_MS))
