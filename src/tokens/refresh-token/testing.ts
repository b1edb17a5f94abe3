import type { PersonalData } from '../../event-store/event.js'
import { exchange } from './exchange.js'
import type { FamilyEvent, FamilyStarted } from './family.events.js'
import type { ExchangePolicy, Presented } from './judge.js'

/* What tests of families begin with. */

export const second = (n: number): Date => new Date(Date.UTC(2026, 0, 1) + n * 1000)
export const iso = (n: number): string => second(n).toISOString()
export const origin = (text: string): PersonalData => text as PersonalData

export const terms: Omit<FamilyStarted, 'expiresAt' | 'idleExpiresAt'> = {
  userId: 'auth0|u',
  clientId: 'app',
  sessionId: null,
  authenticatedAt: null,
  connection: null,
  audience: 'https://api',
  scope: ['offline_access'],
  rotating: true,
  keyId: 'k',
  salt: 's',
  metadata: null,
  dpopThumbprint: null,
  predecessor: null,
}
export const access = { accessTokenId: null, audience: null, scope: [] }
export const expiring: ExchangePolicy = { absoluteSeconds: 1000, idleSeconds: 60, leewaySeconds: 0 }
export const forever: ExchangePolicy = { absoluteSeconds: null, idleSeconds: null, leewaySeconds: 0 }
export const withLeeway = (leewaySeconds: number): ExchangePolicy => ({ ...expiring, leewaySeconds })

export const started = (over: Partial<FamilyStarted> = {}): FamilyEvent => ({
  type: 'FamilyStarted',
  data: { ...terms, expiresAt: iso(1000), idleExpiresAt: iso(60), ...over },
})
export const rotated = (generation: number, over: object = {}): FamilyEvent => ({
  type: 'RefreshTokenRotated',
  data: { ...access, generation, expiresAt: iso(1000), idleExpiresAt: iso(1000), ...over },
})
export const shown = { clientId: 'app', generation: 1, dpopThumbprint: null, confidential: false }
export const present =
  (generation: number, policy: ExchangePolicy, time: number, over: Partial<Presented> = {}) =>
  (state: Parameters<typeof exchange>[0]) =>
    exchange(state, { ...shown, generation, ...over }, policy, second(time))
