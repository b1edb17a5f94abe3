import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { PersonalData } from '../event-store/event.js'

/** A text that is not personal data of ours, or that was changed. Not the answer for an erased person. */
export class PersonalDataError extends Error {}

const VERSION = 'pd1'
const IV_BYTES = 12
const TAG_BYTES = 16
/** Lengths are rounded up to this, so that they tell little of a name or an address. */
const STEP = 32

const FORMAT = /^pd1\.([0-9a-f-]{36})\.([\w-]{16})\.([\w-]+)$/

/**
 * `pd1.<key id>.<iv>.<ciphertext and tag>`: AES-256-GCM of the value as JSON, padded with the spaces that JSON allows at its end.
 */
export function sealWith(keyId: string, key: Buffer, value: unknown): PersonalData {
  const json = Buffer.from(JSON.stringify(value))
  const padding = Buffer.alloc((STEP - (json.length % STEP)) % STEP, ' ')
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(`${VERSION}.${keyId}`))
  const sealed = Buffer.concat([cipher.update(json), cipher.update(padding), cipher.final(), cipher.getAuthTag()])
  return `${VERSION}.${keyId}.${iv.toString('base64url')}.${sealed.toString('base64url')}` as PersonalData
}

/** The id of the key that opens it. Errors: PersonalDataError. */
export function keyIdOf(data: PersonalData): string {
  const [, keyId] = FORMAT.exec(data) ?? []
  if (!keyId) throw new PersonalDataError('not personal data')
  return keyId
}

/** Errors: PersonalDataError. */
export function openWith(key: Buffer, data: PersonalData): unknown {
  const [, keyId, iv, sealed] = FORMAT.exec(data) ?? []
  const bytes = Buffer.from(sealed ?? '', 'base64url')
  if (!keyId || !iv || bytes.length <= TAG_BYTES) throw new PersonalDataError('not personal data')
  const end = bytes.length - TAG_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'))
    .setAAD(Buffer.from(`${VERSION}.${keyId}`))
    .setAuthTag(bytes.subarray(end))
  try {
    return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(0, end)), decipher.final()]).toString()) as unknown
  } catch (cause) {
    throw new PersonalDataError('personal data was changed', { cause })
  }
}
