/** Why `setExpiresAt` and `setIdleExpiresAt` refuse a value (spec/actions.md §3.5); undefined for epoch milliseconds. */
export function expiryProblem(value: unknown, which: 'absolute' | 'inactivity'): string | undefined {
  if (!value) return 'Either inactivity or absolute expiration time must be provided'
  return typeof value === 'number' && Number.isFinite(value) ? undefined : `${which} must be number`
}

/** The earlier of two ends. */
export const earliest = (a: number | undefined, b: number): number => (a === undefined ? b : Math.min(a, b))
