import type { Origin } from '../../event-store/event.js'
import type { Exchange, ReuseFacts, Use } from '../../tokens/index.js'

/**
 * Who holds a token: who spent the leaked generation first, who brought it back, or one of the two where the events do not tell. Which of them
 * is the thief no server can know.
 */
type Side = 'first' | 'second' | 'either'

/** `theft`: two places; `retry`: one place, within minutes, as after a lost answer; `unknown`: neither can be said. */
type Assessment = 'theft' | 'retry' | 'unknown'

/** Opens an origin; undefined once nobody can. */
export type OpenOrigin = (use: Use) => Origin | undefined

/** Two requests of one client that lost an answer lie no further apart. */
const RETRY_SECONDS = 300

export interface CaseToken extends Exchange {
  readonly side: Side
  /** ISO; null where the event does not say how long the token lives. */
  readonly expiresAt: string | null
  readonly isValid: boolean | null
}

export interface ReuseCase {
  readonly assessment: Assessment
  /** Between first use and second; null where one of them is unknown. */
  readonly secondsBetween: number | null
  readonly tokens: readonly CaseToken[]
  /** The last moment at which one of them is good for something; null if none is. */
  readonly validUntil: string | null
}

/** What follows from the facts of a reuse, at a moment. */
export function reuseCase(facts: ReuseFacts, open: OpenOrigin, now: Date): ReuseCase {
  const [first, second] = [facts.spent && open(facts.spent), facts.detected && open(facts.detected)]
  const secondsBetween = facts.spent && facts.detected ? (Date.parse(facts.detected.at) - Date.parse(facts.spent.at)) / 1000 : null
  let repeated = false
  const tokens = facts.exchanges.map((exchange): CaseToken => {
    const side = sideOf(open(exchange), first, second, !exchange.rotated || repeated)
    // From then on two may hold what was given: the repeat was answered with the same successor.
    repeated ||= !exchange.rotated
    const expiresAt = expiryOf(exchange)
    return { ...exchange, side, expiresAt, isValid: expiresAt === null ? null : Date.parse(expiresAt) > now.getTime() }
  })
  const valid = tokens.filter(({ isValid }) => isValid).map(({ expiresAt }) => expiresAt!)
  return { assessment: assess(first, second, secondsBetween), secondsBetween, tokens, validUntil: valid.sort().at(-1) ?? null }
}

function assess(first: Origin | undefined, second: Origin | undefined, secondsBetween: number | null): Assessment {
  if (!first || !second || secondsBetween === null) return 'unknown'
  if (!same(first, second)) return 'theft'
  return secondsBetween <= RETRY_SECONDS ? 'retry' : 'unknown'
}

/** By the place where it is the place of one of them alone; else who spends goes on with what the first got, as long as nobody repeated. */
function sideOf(origin: Origin | undefined, first: Origin | undefined, second: Origin | undefined, ambiguous: boolean): Side {
  const [isFirst, isSecond] = [same(origin, first), same(origin, second)]
  if (isFirst !== isSecond) return isFirst ? 'first' : 'second'
  return ambiguous ? 'either' : 'first'
}

const same = (a: Origin | undefined, b: Origin | undefined): boolean => a !== undefined && b !== undefined && a.ip === b.ip && a.userAgent === b.userAgent

/** Tokens count whole seconds. */
function expiryOf({ at, access: { accessTokenId, accessTokenSeconds } }: Exchange): string | null {
  if (accessTokenId === null || accessTokenSeconds === undefined) return null
  return new Date((Math.floor(Date.parse(at) / 1000) + accessTokenSeconds) * 1000).toISOString()
}

/** What an operator should do, the most urgent first. */
export function whatToDo({ assessment, secondsBetween, validUntil }: ReuseCase, userId: string, attempts: number): { action: string; text: string }[] {
  const steps = [{ action: 'log_in_again', text: 'The refresh token and all its successors are revoked. The user has to log in again.' }]
  if (validUntil !== null) {
    steps.push({
      action: 'reject_access_tokens',
      text: `Access tokens given since then are good until ${validUntil}, at the latest. Let your APIs refuse those listed here by their jti.`,
    })
  }
  if (assessment === 'retry') {
    const leeway = Math.max(1, Math.ceil(secondsBetween ?? 0))
    steps.push({
      action: 'set_leeway',
      text: `Both requests came from one place, ${leeway} s apart: rather a lost answer or two tabs than a theft. Set refresh_token.leeway of the client to ${leeway} or more.`,
    })
  } else {
    steps.push({
      action: 'revoke_access',
      text: `If the user does not know both places, end their sessions and other refresh tokens: POST /api/v2/users/${encodeURIComponent(userId)}/revoke-access`,
    })
  }
  if (attempts > 0)
    steps.push({ action: 'watch_attempts', text: 'Somebody goes on presenting the revoked token. Consider refusing the addresses it comes from.' })
  return steps
}
