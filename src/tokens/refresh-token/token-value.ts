import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { RootKeys } from '../../keys/root-key.js'

/** What a refresh token's text says; whether it is genuine is for `isGenuine` to tell. */
export interface PresentedToken {
  readonly familyId: string
  readonly generation: number
  readonly mac: Buffer
}

const PREFIX = 'v1.'
const ID_BYTES = 16
const MAC_BYTES = 32
const TEXT = /^v1\.[A-Za-z0-9_-]{70}$/

/** The public id of a new family: `rt_` and 128 random bits, 25 characters. It opens nothing. */
export const newFamilyId = (): string => `rt_${randomBytes(ID_BYTES).toString('base64url')}`

export const newSalt = (): string => randomBytes(16).toString('base64url')

/** Reads a refresh token (spec/refresh-tokens.md §4); undefined for anything that this service could not have written, to the letter. */
export function parseRefreshToken(text: string): PresentedToken | undefined {
  if (!TEXT.test(text)) return undefined
  const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url')
  // The last character holds spare bits: only one spelling of a token counts.
  if (PREFIX + bytes.toString('base64url') !== text) return undefined
  return {
    familyId: `rt_${bytes.subarray(0, ID_BYTES).toString('base64url')}`,
    generation: bytes.readUInt32BE(ID_BYTES),
    mac: bytes.subarray(ID_BYTES + 4),
  }
}

/** Writes the token of a family's generation: the same text each time, so a lost answer can be given again. */
export function refreshToken(keys: RootKeys, family: FamilySecret, familyId: string, generation: number): string {
  const head = tokenHead(familyId, generation)
  return PREFIX + Buffer.concat([head, mac(keys, family, head)]).toString('base64url')
}

/** Whether this service made the token. False for all tokens of a family whose root key is configured no more. */
export function isGenuine(keys: RootKeys, family: FamilySecret, token: PresentedToken): boolean {
  if (!keys.ids.includes(family.keyId)) return false
  return timingSafeEqual(token.mac, mac(keys, family, tokenHead(token.familyId, token.generation)))
}

export interface FamilySecret {
  readonly keyId: string
  readonly salt: string
}

function mac(keys: RootKeys, { keyId, salt }: FamilySecret, head: Buffer): Buffer {
  const familyKey = createHmac('sha256', keys.derive('refresh-token', keyId)).update(salt).digest()
  return createHmac('sha256', familyKey).update(head).digest().subarray(0, MAC_BYTES)
}

function tokenHead(familyId: string, generation: number): Buffer {
  const head = Buffer.alloc(ID_BYTES + 4)
  head.write(familyId.slice('rt_'.length), 'base64url')
  head.writeUInt32BE(generation, ID_BYTES)
  return head
}
