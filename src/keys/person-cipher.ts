import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { PersonalData } from '../event-store/event.js'
import { originText, readOriginText } from './origin-text.js'

/** A text that is not personal data of ours, or that was changed. Not the answer for an erased person. */
export class PersonalDataError extends Error {}

const IV_BYTES = 12
const TAG_BYTES = 16
const KEY_ID_BYTES = 16
/** Lengths are rounded up to this, so that they tell little of a name or an address. */
const STEP = 32

const FORMAT = /^pd1\.([0-9a-f-]{36})\.([\w-]{16})\.([\w-]+)$/
const COMPACT = /^pd2\.([\w-]+)$/

/**
 * `pd1.<key id>.<iv>.<ciphertext and tag>`: AES-256-GCM of the value as JSON, padded with the spaces that JSON allows at its end.
 * An origin, which every request of a person leaves in several places, is `pd2.<key id, iv, ciphertext and tag in one>` of its own shorter text,
 * padded with zeros. Origins from before that are pd1 too.
 */
export function sealWith(keyId: string, key: Buffer, value: unknown): PersonalData {
  const short = originText(value)
  const compact = short !== undefined
  const plain = Buffer.from(short ?? JSON.stringify(value))
  const padding = Buffer.alloc((STEP - (plain.length % STEP)) % STEP, compact ? 0 : ' ')
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(additional(compact, keyId))
  const sealed = Buffer.concat([cipher.update(plain), cipher.update(padding), cipher.final(), cipher.getAuthTag()])
  if (compact) return `pd2.${Buffer.concat([bytesOf(keyId), iv, sealed]).toString('base64url')}` as PersonalData
  return `pd1.${keyId}.${iv.toString('base64url')}.${sealed.toString('base64url')}` as PersonalData
}

/** The id of the key that opens it. Errors: PersonalDataError. */
export const keyIdOf = (data: PersonalData): string => parseSealed(data).keyId

/** Errors: PersonalDataError. */
export const openSealed = (key: Buffer, value: SealedValue): unknown => valueOf(plainText(key, value))

/** What was sealed, as it was written. Errors: PersonalDataError. */
export function plainText(key: Buffer, { compact, keyId, iv, sealed }: SealedValue): PlainText {
  if (iv.length !== IV_BYTES || sealed.length <= TAG_BYTES) throw new PersonalDataError('not personal data')
  const end = sealed.length - TAG_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, iv).setAAD(additional(compact, keyId)).setAuthTag(sealed.subarray(end))
  try {
    const plain = Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()])
    return { compact, keyId, text: plain.toString() }
  } catch (cause) {
    throw new PersonalDataError('personal data was changed', { cause })
  }
}

/** Each time a value of its own. */
export const valueOf = ({ compact, text }: PlainText): unknown => (compact ? readOriginText(text) : (JSON.parse(text) as unknown))

export interface PlainText extends Pick<SealedValue, 'compact' | 'keyId'> {
  readonly text: string
}

/** The parts of a text that `sealWith` made. */
export interface SealedValue {
  readonly compact: boolean
  /** Of the key that opens it. */
  readonly keyId: string
  readonly iv: Buffer
  readonly sealed: Buffer
}

/** Errors: PersonalDataError. */
export function parseSealed(data: PersonalData): SealedValue {
  const [, all] = COMPACT.exec(data) ?? []
  if (all !== undefined) {
    const bytes = Buffer.from(all, 'base64url')
    const [keyId, iv, sealed] = [
      bytes.subarray(0, KEY_ID_BYTES),
      bytes.subarray(KEY_ID_BYTES, KEY_ID_BYTES + IV_BYTES),
      bytes.subarray(KEY_ID_BYTES + IV_BYTES),
    ]
    if (keyId.length < KEY_ID_BYTES) throw new PersonalDataError('not personal data')
    return { compact: true, keyId: uuidOf(keyId), iv, sealed }
  }
  const [, keyId, iv, sealed] = FORMAT.exec(data) ?? []
  if (!keyId) throw new PersonalDataError('not personal data')
  return { compact: false, keyId, iv: Buffer.from(iv!, 'base64url'), sealed: Buffer.from(sealed!, 'base64url') }
}

const additional = (compact: boolean, keyId: string): Buffer => Buffer.from(`${compact ? 'pd2' : 'pd1'}.${keyId}`)
const bytesOf = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex')
const uuidOf = (bytes: Buffer): string => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
