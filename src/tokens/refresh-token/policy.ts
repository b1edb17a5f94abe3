import type { ClientDocument } from '../../authorization/index.js'
import type { ExchangePolicy } from './family.js'

const DEFAULT_ABSOLUTE_SECONDS = 2_592_000
const DEFAULT_IDLE_SECONDS = 1_296_000

/** How a client's refresh tokens behave. */
export interface RefreshTokenPolicy extends ExchangePolicy {
  readonly rotating: boolean
}

/**
 * What `client.refresh_token` says (spec/refresh-tokens.md §2), its members' defaults filled in. A client without the object has tokens
 * that neither rotate nor expire.
 */
export function refreshTokenPolicy({ refresh_token: settings }: Pick<ClientDocument, 'refresh_token'>): RefreshTokenPolicy {
  const expiring = settings?.['expiration_type'] === 'expiring'
  const absoluteSeconds = lifetime(settings, 'token_lifetime', 'infinite_token_lifetime', expiring, DEFAULT_ABSOLUTE_SECONDS)
  const idleSeconds = lifetime(settings, 'idle_token_lifetime', 'infinite_idle_token_lifetime', expiring, DEFAULT_IDLE_SECONDS)
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
export function exchangePolicy(client: Pick<ClientDocument, 'refresh_token' | 'app_type'>): ExchangePolicy {
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

/** Null is infinite: a non-expiring token is, whatever lifetimes are stored beside it. */
function lifetime(settings: ClientDocument['refresh_token'], name: string, infinite: string, expiring: boolean, fallback: number): number | null {
  if (!expiring || settings?.[infinite] === true) return null
  return numberOf(settings?.[name]) ?? fallback
}

/** Some senders write numbers as text (spec/refresh-tokens.md §2). */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 ? number : undefined
}
