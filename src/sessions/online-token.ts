import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { RootKeys } from '../keys/root-key.js'

/** What an online refresh token's text says; whether it is genuine is for `isGenuineOnline` to tell. */
export interface OnlineToken {
  readonly sessionId: string
  /** Of its terms in the session's state. */
  readonly number: number
  readonly keyId: string
  readonly mac: Buffer
}

const PREFIX = 'ORT'
const ID_PREFIX = 'ort_'
const ID_BYTES = 24
const KEY_ID_BYTES = 4
const MAC_BYTES = 32
const TEXT = /^ORT[A-Za-z0-9_-]{86}$/

/** Whether a text claims to be one: anything else belongs to offline refresh tokens. */
export const isOnlineToken = (text: string): boolean => text.startsWith(PREFIX)

/** The public id of an online refresh token: it opens nothing, and no other token's is like it. */
export const onlineTokenId = (sessionId: string, number: number): string =>
  ID_PREFIX + createHash('sha256').update(`${sessionId}.${number}`).digest('base64url').slice(0, 22)

export const isOnlineTokenId = (id: string): boolean => id.startsWith(ID_PREFIX)

/** Reads an online refresh token (spec/refresh-tokens.md §4); undefined for anything that this service could not have written, to the letter. */
export function parseOnlineToken(text: string): OnlineToken | undefined {
  if (!TEXT.test(text)) return undefined
  const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url')
  // The last character holds spare bits: only one spelling of a token counts.
  if (PREFIX + bytes.toString('base64url') !== text) return undefined
  const [number, keyId] = [ID_BYTES, ID_BYTES + 4]
  return {
    sessionId: bytes.subarray(0, ID_BYTES).toString('base64url'),
    number: bytes.readUInt32BE(number),
    keyId: bytes.toString('hex', keyId, keyId + KEY_ID_BYTES),
    mac: bytes.subarray(keyId + KEY_ID_BYTES),
  }
}

/** Writes the token of a session's terms: the same text each time under the same root key, so a lost answer can be given again. */
export function onlineToken(keys: RootKeys, { sessionId, number, salt }: { sessionId: string; number: number; salt: string }): string {
  const head = tokenHead({ sessionId, number, keyId: keys.newestId })
  return PREFIX + Buffer.concat([head, mac(keys, keys.newestId, salt, head)]).toString('base64url')
}

/** Whether this service made the token. False for all tokens made under a root key that is configured no more. */
export function isGenuineOnline(keys: RootKeys, token: OnlineToken, salt: string): boolean {
  if (!keys.ids.includes(token.keyId)) return false
  return timingSafeEqual(token.mac, mac(keys, token.keyId, salt, tokenHead(token)))
}

function mac(keys: RootKeys, keyId: string, salt: string, head: Buffer): Buffer {
  const sessionKey = createHmac('sha256', keys.derive('online-token', keyId)).update(salt).digest()
  return createHmac('sha256', sessionKey).update(head).digest().subarray(0, MAC_BYTES)
}

function tokenHead({ sessionId, number, keyId }: Pick<OnlineToken, 'sessionId' | 'number' | 'keyId'>): Buffer {
  const head = Buffer.alloc(ID_BYTES + 4 + KEY_ID_BYTES)
  head.write(sessionId, 'base64url')
  head.writeUInt32BE(number, ID_BYTES)
  head.write(keyId, ID_BYTES + 4, 'hex')
  return head
}
