import { randomBytes } from 'node:crypto'
import { randomText } from '../random-text.js'

/** Identifiers and secrets in the forms of spec/management-api.md §1.5. */
export const newClientId = ({ strict = false } = {}): string => `${strict ? 'tpc_' : ''}${randomText(32)}`
export const newClientSecret = (): string => randomBytes(48).toString('base64url')
export const newClientGrantId = (): string => `cgr_${randomText(16)}`
export const newCredentialId = (): string => `cred_${randomText(22)}`
export const newResourceServerId = (): string => randomBytes(12).toString('hex')
/** For HS256: 256 bits (RFC 7518 §3.2). */
export const newSigningSecret = (): string => randomBytes(32).toString('base64url')
