import type { Origin } from '../../event-store/event.js'
import type { FoundReuse, Use } from '../../tokens/index.js'
import type { TokenLog } from '../logs/log-ids.js'
import { type CaseToken, type OpenOrigin, type ReuseCase, whatToDo } from './reuse-case.js'

/** An attempt to use the token after it was revoked, as the log has it, its origin opened. */
type Attempt = Omit<TokenLog, 'origin'> & { readonly origin: Origin | undefined }

/** The case file of a reused refresh token (docs/refresh-tokens.md). */
export function showReuseCase(
  { familyId, userId, clientId, sessionId, facts }: FoundReuse,
  found: ReuseCase,
  open: OpenOrigin,
  logIdOf: (use: Use) => string | undefined,
  attempts: readonly Attempt[],
): object {
  const use = (of: Use | undefined): object | null =>
    of ? { at: of.at, ...place(open(of)), position: of.position ?? null, log_id: logIdOf(of) ?? null } : null
  const token = ({ side, expiresAt, isValid, ...exchange }: CaseToken): object => ({
    jti: exchange.access.accessTokenId,
    audience: exchange.access.audience,
    scope: exchange.access.scope.join(' '),
    given_to: side,
    presented_generation: exchange.presented,
    repeated: !exchange.rotated,
    ...use(exchange),
    expires_at: expiresAt,
    valid: isValid,
  })
  return {
    id: familyId,
    user_id: userId,
    client_id: clientId,
    session_id: sessionId,
    assessment: found.assessment,
    generation: facts.generation,
    latest_generation: facts.latestGeneration,
    leaked_between: { from: facts.issued?.at ?? null, to: facts.detected?.at ?? null },
    issued: use(facts.issued),
    first_presented: use(facts.spent),
    presented_again: use(facts.detected),
    seconds_between: found.secondsBetween,
    access_tokens: found.tokens.map(token),
    access_tokens_total: facts.exchangeCount,
    access_tokens_valid_until: found.validUntil,
    attempts_since: attempts.map(({ date, origin, logId }) => ({ at: date.toISOString(), ...place(origin), log_id: logId })),
    what_to_do: whatToDo(found, userId, attempts.length),
  }
}

const place = (origin: Origin | undefined): object => ({ ip: origin?.ip ?? null, user_agent: origin?.userAgent ?? null })
