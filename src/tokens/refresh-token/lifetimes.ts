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

/**
 * §5: an absolute end, once set, stays; the idle end follows the settings in force and never passes the absolute one. Where they end nothing any
 * more, a token that has an idle end keeps it.
 */
function extend({ expiresAt, idleExpiresAt }: Ends, policy: LifetimePolicy, now: Date): Ends {
  const absolute = expiresAt ?? after(now, policy.absoluteSeconds)
  const isEndless = policy.absoluteSeconds === null && policy.idleSeconds === null
  const idle = isEndless ? idleExpiresAt : after(now, policy.idleSeconds)
  return { expiresAt: absolute, idleExpiresAt: earlier(idle, absolute) }
}

/** Epoch milliseconds, of the years 1970 to 9999, beyond which an Action wants the token not to live. */
export interface WantedEnds {
  readonly expiresAt?: number
  readonly idleExpiresAt?: number
}

/** A wish for a later end than there may be. */
interface CappedEnd {
  readonly end: 'absolute' | 'idle'
  /** ISO strings. */
  readonly wanted: string
  readonly given: string
}

/** What an event says of ends. */
export interface GivenEnds extends Ends {
  /** The idle end is an Action's where the settings gave none: it holds until the next exchange (spec/actions.md §3.5). */
  readonly idleOnce?: true
  /** Later ends than there may be that Actions wanted (§4.5). */
  readonly capped?: readonly CappedEnd[]
}

/** The ends from an issue or an exchange on, of what had those of `before` until then. */
export function givenEnds(before: Omit<GivenEnds, 'capped'>, policy: LifetimePolicy, wanted: WantedEnds, now: Date): GivenEnds {
  const own = before.idleOnce ? { ...before, idleExpiresAt: null } : before
  const extended = extend(own, policy, now)
  const { capped, ...ends } = shorten(extended, wanted, now)
  const idleOnce = extended.idleExpiresAt === null && ends.idleExpiresAt !== null
  return { ...ends, ...(idleOnce && { idleOnce }), ...(capped.length > 0 && { capped }) }
}

/** Of what is not issued yet. */
export const NO_ENDS: Ends = { expiresAt: null, idleExpiresAt: null }

/** spec/actions.md §4.5: what nothing ends may be ended by an Action, within these. */
const ENDLESS_ABSOLUTE_SECONDS = 2_592_000
const ENDLESS_IDLE_SECONDS = 2_592_000

/**
 * The ends with an Action's wishes, which may only shorten. A token that nothing would end gets an absolute end with any wish, since it must not
 * go back to living for ever at its next exchange.
 */
export function shorten(ends: Ends, wanted: WantedEnds, now: Date): Ends & { readonly capped: readonly CappedEnd[] } {
  if (wanted.expiresAt === undefined && wanted.idleExpiresAt === undefined) return { ...ends, capped: [] }
  const endless = ends.expiresAt === null && ends.idleExpiresAt === null
  const latest = ends.expiresAt ?? (endless || wanted.expiresAt !== undefined ? after(now, ENDLESS_ABSOLUTE_SECONDS) : null)
  const absolute = capped('absolute', wanted.expiresAt, latest)
  const latestIdle = ends.idleExpiresAt ?? (wanted.idleExpiresAt === undefined ? null : after(now, ENDLESS_IDLE_SECONDS))
  const idle = capped('idle', wanted.idleExpiresAt, earlier(latestIdle, absolute.end))
  return { expiresAt: absolute.end, idleExpiresAt: idle.end, capped: [...absolute.capped, ...idle.capped] }
}

function capped(
  end: CappedEnd['end'],
  wanted: number | undefined,
  latest: string | null,
): { readonly end: string | null; readonly capped: readonly CappedEnd[] } {
  if (wanted === undefined || latest === null) return { end: latest, capped: [] }
  const named = new Date(wanted).toISOString()
  return wanted <= Date.parse(latest) ? { end: named, capped: [] } : { end: latest, capped: [{ end, wanted: named, given: latest }] }
}

const earlier = (end: string | null, other: string | null): string | null =>
  end !== null && other !== null && Date.parse(end) > Date.parse(other) ? other : end

const after = (now: Date, seconds: number | null): string | null => (seconds === null ? null : new Date(now.getTime() + seconds * 1000).toISOString())
