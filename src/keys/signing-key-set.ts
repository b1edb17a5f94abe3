import type { Decider, Decision } from '../event-store/event.js'
import { publicMembers } from './signature.js'
import { type PublicJwk, type SigningAlgorithm, type SigningKeysEvent, signingKeysUpcasters } from './signing-keys.events.js'

/** `next` is published before it signs, `previous` after it signed; `revoked` is published no more. */
export type SigningKeyStatus = 'next' | 'current' | 'previous' | 'revoked'

export interface SigningKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly publicKey: PublicJwk
  readonly status: SigningKeyStatus
  readonly createdAt: string
  readonly currentSince?: string
  readonly currentUntil?: string
  readonly revokedAt?: string
}

export interface SigningKeySet {
  readonly keys: readonly SigningKey[]
}

export interface NewKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly publicKey: PublicJwk
}

export type RevokeOutcome = 'revoked' | 'unknown key' | 'key in use'

export const signingKeySet: Decider<SigningKeySet, SigningKeysEvent> = {
  streamType: 'signing_keys',
  initial: { keys: [] },
  stateVersion: 1,
  upcasters: signingKeysUpcasters,
  evolve: ({ keys }, { type, data }, { at }) => {
    switch (type) {
      case 'SigningKeyCreated':
        return { keys: [...keys, { ...data, status: 'next', createdAt: at }] }
      case 'SigningKeyRotated':
        return { keys: keys.map((key) => rotated(key, data, at)) }
      case 'SigningKeyRevoked':
        return { keys: keys.map((key) => (key.kid === data.kid ? { ...key, status: 'revoked', revokedAt: at } : key)) }
    }
  },
}

/** The first two keys of an algorithm; nothing when it has keys. */
export function startSigning({ keys }: SigningKeySet, [current, next]: readonly [NewKey, NewKey]): Decision<SigningKeysEvent, undefined> {
  if (keys.some(({ alg }) => alg === current.alg)) return { events: [], result: undefined }
  const rotation = { type: 'SigningKeyRotated', data: { current: current.kid, next: next.kid } } as const
  return { events: [created(current), created(next), rotation], result: undefined }
}

/**
 * Of each algorithm that brings a fresh key: the published next key starts to sign, the current one only verifies from now on, and the fresh one
 * becomes the next. Answers the kids of the new next keys, in the order of `fresh`.
 */
export function rotate({ keys }: SigningKeySet, fresh: readonly NewKey[]): Decision<SigningKeysEvent, { nextKids: string[] }> {
  const rotations = fresh.map((key) => {
    const [current, next] = (['current', 'next'] as const).map((role) => keys.find(({ alg, status }) => alg === key.alg && status === role))
    if (!current || !next) throw new Error('signing keys are rotated before there are any')
    return { type: 'SigningKeyRotated', data: { current: next.kid, next: key.kid, previous: current.kid } } as const
  })
  return { events: fresh.flatMap((key, n) => [created(key), rotations[n]!]), result: { nextKids: fresh.map(({ kid }) => kid) } }
}

/** Tokens of a revoked key verify no more. Only a previous key can be revoked: the others are needed, rotate first. */
export function revoke({ keys }: SigningKeySet, kid: string): Decision<SigningKeysEvent, RevokeOutcome> {
  switch (keys.find((key) => key.kid === kid)?.status) {
    case undefined:
      return { events: [], result: 'unknown key' }
    case 'current':
    case 'next':
      return { events: [], result: 'key in use' }
    case 'revoked':
      return { events: [], result: 'revoked' }
    case 'previous':
      return { events: [{ type: 'SigningKeyRevoked', data: { kid } }], result: 'revoked' }
  }
}

/** Names each member: what is passed may also carry the private half. */
const created = ({ kid, alg, publicKey }: NewKey): SigningKeysEvent => ({ type: 'SigningKeyCreated', data: { kid, alg, publicKey: publicMembers(publicKey) } })

function rotated(key: SigningKey, { current, previous }: { current: string; previous?: string }, at: string): SigningKey {
  if (key.kid === current) return { ...key, status: 'current', currentSince: at }
  if (key.kid === previous) return { ...key, status: 'previous', currentUntil: at }
  return key
}
