import { randomBytes, randomInt } from 'node:crypto'

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

const alphanumeric = (length: number): string => Array.from({ length }, () => ALPHANUMERIC[randomInt(ALPHANUMERIC.length)]).join('')

/** Identifiers and secrets in the forms of spec/management-api.md §1.5. */
export const newClientId = (): string => alphanumeric(32)
export const newClientSecret = (): string => randomBytes(48).toString('base64url')
export const newClientGrantId = (): string => `cgr_${alphanumeric(16)}`
export const newCredentialId = (): string => `cred_${alphanumeric(22)}`
export const newResourceServerId = (): string => randomBytes(12).toString('hex')
/** For HS256: 256 bits (RFC 7518 §3.2). */
export const newSigningSecret = (): string => randomBytes(32).toString('base64url')
