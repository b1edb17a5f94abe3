/** The client's settings in force when they are applied; null is infinite. */
export interface LifetimePolicy {
  readonly absoluteSeconds: number | null
  readonly idleSeconds: number | null
}

/** ISO strings; null: never. */
export interface Ends {
  readonly expiresAt: string | null
  readonly idleExpiresAt: string | null
}

/** §5: valid while now is before both ends. */
export const isExpired = ({ expiresAt, idleExpiresAt }: Ends, now: Date): boolean =>
  [expiresAt, idleExpiresAt].some((end) => end !== null && now.getTime() >= Date.parse(end))

/** §5: an absolute end, once set, stays; the idle end follows the settings in force and never passes the absolute one. */
export function extend(expiresAt: string | null, policy: LifetimePolicy, now: Date): Ends {
  const absolute = expiresAt ?? after(now, policy.absoluteSeconds)
  const idle = after(now, policy.idleSeconds)
  return { expiresAt: absolute, idleExpiresAt: idle !== null && absolute !== null && Date.parse(idle) > Date.parse(absolute) ? absolute : idle }
}

const after = (now: Date, seconds: number | null): string | null => (seconds === null ? null : new Date(now.getTime() + seconds * 1000).toISOString())
