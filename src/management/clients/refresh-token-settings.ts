import type { RefreshTokenSettings } from './clients.dto.js'
import { refusedBody } from '../validation/valid-body.js'

const MONTH = 2_592_000
const HALF_MONTH = 1_296_000
/** 365.25 days. */
const YEAR = 31_557_600

export interface SettingsContext {
  /** A secret-based `token_endpoint_auth_method` was sent: it decides the lifetimes that nobody names (spec/management-api.md §2.4). */
  readonly sentSecretMethod: boolean
  readonly appType: string | undefined
  readonly firstParty: boolean
  /** Somebody else's, in strict mode (spec/oauth.md §15). */
  readonly strict: boolean
  readonly managementApi: string
}

/** A client's `refresh_token` as it is stored: what was sent, completed (spec/refresh-tokens.md §2). Errors: ManagementError 400 for what contradicts itself. */
export function refreshTokenSettings(sent: RefreshTokenSettings | null | undefined, context: SettingsContext): Readonly<Record<string, unknown>> {
  if (!sent) return defaults(context)
  const expiring = sent.expiration_type === 'expiring'
  const infinite = sent.infinite_token_lifetime ?? !expiring
  const infiniteIdle = sent.infinite_idle_token_lifetime ?? !expiring
  const lifetime = sent.token_lifetime === undefined ? MONTH : Number(sent.token_lifetime)
  const idle = sent.idle_token_lifetime === undefined ? Math.min(HALF_MONTH, infinite ? HALF_MONTH : lifetime) : Number(sent.idle_token_lifetime)
  check(sent, { infinite, infiniteIdle, lifetime, idle }, context)
  return {
    rotation_type: sent.rotation_type,
    expiration_type: sent.expiration_type,
    leeway: Number(sent.leeway ?? 0),
    token_lifetime: lifetime,
    infinite_token_lifetime: infinite,
    idle_token_lifetime: idle,
    infinite_idle_token_lifetime: infiniteIdle,
    ...(sent.policies && { policies: sent.policies }),
  }
}

function defaults({ sentSecretMethod, appType, strict }: SettingsContext): Readonly<Record<string, unknown>> {
  const strictApp = strict && (appType === 'spa' || appType === 'native')
  return {
    rotation_type: strictApp ? 'rotating' : 'non-rotating',
    expiration_type: strict ? 'expiring' : 'non-expiring',
    leeway: 0,
    token_lifetime: sentSecretMethod && !strictApp ? YEAR : MONTH,
    idle_token_lifetime: sentSecretMethod && !strictApp ? MONTH : HALF_MONTH,
    infinite_token_lifetime: !strict,
    infinite_idle_token_lifetime: !strict,
  }
}

interface Lifetimes {
  readonly infinite: boolean
  readonly infiniteIdle: boolean
  readonly lifetime: number
  readonly idle: number
}

function check(
  sent: RefreshTokenSettings,
  { infinite, infiniteIdle, lifetime, idle }: Lifetimes,
  { firstParty, strict, managementApi }: SettingsContext,
): void {
  if (strict && sent.expiration_type !== 'expiring') throw refusedBody('Refresh tokens of third party clients in strict mode must be expiring.')
  if (strict && infiniteIdle) throw refusedBody('Refresh tokens of third party clients in strict mode must have an idle token lifetime.')
  if (sent.rotation_type === 'rotating') {
    if (sent.expiration_type !== 'expiring') throw refusedBody('Rotating refresh tokens must be expiring.')
    if (infinite && infiniteIdle) throw refusedBody('Rotating refresh tokens must have a token lifetime or an idle token lifetime.')
  }
  if (!infinite && !infiniteIdle && idle > lifetime) throw refusedBody('The idle token lifetime must not be longer than the token lifetime.')
  if (!sent.policies) return
  const audiences = sent.policies.map(({ audience }) => audience)
  if (new Set(audiences).size < audiences.length) throw refusedBody('Each audience may have one refresh token policy only.')
  if (audiences.includes(managementApi)) throw refusedBody('The Management API cannot be used in refresh token policies.')
  if (!firstParty) throw refusedBody('Refresh token policies are only available to first party clients.')
}
