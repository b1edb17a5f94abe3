import { type ClientDocument, isStrict } from '../../authorization/index.js'
import type { ExchangePolicy } from './judge.js'

const DEFAULT_ABSOLUTE_SECONDS = 2_592_000
const DEFAULT_IDLE_SECONDS = 1_296_000

/** How a client's refresh tokens behave. */
export interface RefreshTokenPolicy extends ExchangePolicy {
  readonly rotating: boolean
}

type PolicyOf = Pick<ClientDocument, 'refresh_token'> & Partial<Pick<ClientDocument, 'is_first_party' | 'third_party_security_mode'>>

/**
 * What `client.refresh_token` says (spec/refresh-tokens.md §2), its members' defaults filled in. A client without the object has tokens
 * that neither rotate nor expire; somebody else's client in strict mode has none that can lie idle for ever (spec/oauth.md §15).
 */
export function refreshTokenPolicy(client: PolicyOf): RefreshTokenPolicy {
  const { refresh_token: settings } = client
  const strict = isStrict(client)
  // An infinite one is, whatever lifetimes are stored beside it.
  const isInfinite = (flag: string): boolean => (settings?.['expiration_type'] !== 'expiring' && !strict) || settings?.[flag] === true
  const absoluteSeconds = isInfinite('infinite_token_lifetime') ? null : (numberOf(settings?.['token_lifetime']) ?? DEFAULT_ABSOLUTE_SECONDS)
  const idleSeconds = isInfinite('infinite_idle_token_lifetime') && !strict ? null : (numberOf(settings?.['idle_token_lifetime']) ?? DEFAULT_IDLE_SECONDS)
  return {
    rotating: settings?.['rotation_type'] === 'rotating',
    leewaySeconds: numberOf(settings?.['leeway']) ?? 0,
    absoluteSeconds,
    idleSeconds,
  }
}

/**
 * The same for tokens that are there already. A single-page application is given no token that stays the same (§3), so where its tokens
 * cease to rotate those it has go on as they are.
 */
export function exchangePolicy(client: PolicyOf & Pick<ClientDocument, 'app_type'>): ExchangePolicy {
  const { rotating, ...policy } = refreshTokenPolicy(client)
  return client.app_type === 'spa' && !rotating ? policy : { ...policy, rotating }
}

/** Scopes that a client's refresh tokens may be exchanged for at an API beside what the login brought (§6.3). */
export interface ResourcePolicy {
  readonly audience: string
  readonly scope: readonly string[]
}

/** `client.refresh_token.policies`; undefined for a client that has none, or that is somebody else's and may have none. */
export function resourcePolicies({
  refresh_token: settings,
  is_first_party,
}: Pick<ClientDocument, 'refresh_token' | 'is_first_party'>): readonly ResourcePolicy[] | undefined {
  const policies = settings?.['policies']
  return is_first_party && Array.isArray(policies) && policies.length > 0 ? (policies as ResourcePolicy[]) : undefined
}

/** Some senders write numbers as text (spec/refresh-tokens.md §2). */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 ? number : undefined
}
