import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { type ClientCredential, newCredentialId } from '../../authorization/index.js'
import { ManagementError } from '../../http/management-error.js'
import { invalidBody } from '../validation/valid-body.js'
import type { CreateCredentialBody } from './clients.dto.js'

/** A public key or certificate as it is stored. Errors: ManagementError 400 for one that cannot be read or used. */
export async function newCredential(body: CreateCredentialBody, now: Date): Promise<ClientCredential> {
  if (body.credential_type !== 'public_key') throw new ManagementError(403, 'This feature is not enabled for this tenant.', 'feature_not_enabled')
  if (body.pem === undefined) throw invalidBody('Missing required property: pem', 'pem')
  const { key, certificate } = readPem(body.pem)
  if (key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) {
    throw new ManagementError(400, 'The public key must be an RSA key of at least 2048 bits.', 'invalid_body')
  }
  const { n, e } = key.export({ format: 'jwk' })
  const jwk = { kty: 'RSA', n: n!, e: e! }
  const expiry = body.parse_expiry_from_cert && certificate ? new Date(certificate.validTo).toISOString() : expiryOf(body.expires_at)
  return {
    id: newCredentialId(),
    ...(body.name !== undefined && { name: body.name }),
    credential_type: 'public_key',
    kid: body.kid ?? (await calculateJwkThumbprint(jwk, 'sha256')),
    alg: body.alg ?? 'RS256',
    thumbprint_sha256: createHash('sha256')
      .update(key.export({ type: 'spki', format: 'der' }))
      .digest('base64url'),
    public_key: jwk,
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
    expires_at: expiry ?? null,
  }
}

/** Never the key itself. */
export function showCredential({ public_key: _, expires_at, ...shown }: ClientCredential): object {
  return { ...shown, ...(expires_at !== null && { expires_at }) }
}

/** The end of a credential; null for never. Errors: ManagementError 400 for what is no date. */
export function expiryOf(text: string | null | undefined): string | null {
  if (text === null || text === undefined) return null
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(time)) throw invalidBody(`Object didn't pass validation for format date-time: ${text}`, 'expires_at')
  return new Date(time).toISOString()
}

function readPem(pem: string): { key: KeyObject; certificate?: X509Certificate } {
  try {
    if (pem.includes('BEGIN CERTIFICATE')) {
      const certificate = new X509Certificate(pem)
      return { key: certificate.publicKey, certificate }
    }
    if (!pem.includes('PRIVATE')) return { key: createPublicKey(pem) }
  } catch {
    // Said below, without what OpenSSL found.
  }
  throw new ManagementError(400, 'The pem is not a public key or a certificate.', 'invalid_body')
}
