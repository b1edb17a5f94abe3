import { createHash, type KeyObject, type X509Certificate } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { type ClientCredential, isDistinguishedName, newCredentialId, subjectName } from '../../authorization/index.js'
import type { Config } from '../../config.js'
import { ManagementError } from '../../http/management-error.js'
import { certificateThumbprint } from '../../keys/client-certificate.js'
import { readCertificate, readRsaKey } from '../validation/pem.js'
import { invalidBody, refusedBody } from '../validation/valid-body.js'
import type { CreateCredentialBody } from './client-credentials.dto.js'

/** What each method of `client_authentication_methods` is proved with. */
export const CREDENTIAL_TYPES: Readonly<Record<string, ClientCredential['credential_type']>> = {
  private_key_jwt: 'public_key',
  tls_client_auth: 'cert_subject_dn',
  self_signed_tls_client_auth: 'x509_cert',
}

/** Certificates are seen only where a proxy passes them on (docs/mtls.md). Errors: ManagementError 403 where none does. */
export function needsProxy({ settings }: Config): void {
  if (settings.mtlsCertificateHeader === undefined) throw new ManagementError(403, 'This feature is not enabled for this tenant.', 'feature_not_enabled')
}

/** A key, certificate or subject as it is stored. Errors: ManagementError 400 for one that cannot be read or used. */
export async function newCredential(body: CreateCredentialBody, now: Date): Promise<ClientCredential> {
  const common = {
    id: newCredentialId(),
    ...(body.name !== undefined && { name: body.name }),
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
  }
  switch (body.credential_type) {
    case 'cert_subject_dn':
      return { ...common, credential_type: 'cert_subject_dn', subject_dn: subjectOf(body), expires_at: expiryIn(body) }
    case 'x509_cert': {
      const certificate = readCertificate(pemOf(body))
      return { ...common, credential_type: 'x509_cert', thumbprint_sha256: certificateThumbprint(certificate), expires_at: expiryIn(body, certificate) }
    }
    default: {
      const { key, certificate } = readRsaKey(pemOf(body))
      return { ...common, credential_type: 'public_key', ...(await keyMembers(key, body)), expires_at: expiryIn(body, certificate) }
    }
  }
}

/** Never the key itself. */
export function showCredential(credential: ClientCredential): object {
  const { expires_at, ...shown } = credential
  const { public_key: _, ...rest } = { public_key: undefined, ...shown }
  return { ...rest, ...(expires_at !== null && { expires_at }) }
}

/** The end of a credential; null for never. Errors: ManagementError 400 for what is no date. */
export function expiryOf(text: string | null | undefined): string | null {
  if (text === null || text === undefined) return null
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(time)) throw invalidBody(`Object didn't pass validation for format date-time: ${text}`, 'expires_at')
  return new Date(time).toISOString()
}

function expiryIn({ parse_expiry_from_cert, expires_at }: CreateCredentialBody, certificate?: X509Certificate): string | null {
  return parse_expiry_from_cert && certificate ? new Date(certificate.validTo).toISOString() : expiryOf(expires_at)
}

function pemOf({ pem }: CreateCredentialBody): string {
  if (pem === undefined) throw invalidBody('Missing required property: pem', 'pem')
  return pem
}

/** Either a certificate or its subject is sent. */
function subjectOf({ pem, subject_dn }: CreateCredentialBody): string {
  if (pem !== undefined && subject_dn !== undefined) throw refusedBody('pem and subject_dn cannot be set at the same time.')
  if (pem !== undefined) {
    const name = subjectName(readCertificate(pem))
    if (name === undefined) throw refusedBody('The certificate has no subject that can be compared.')
    return name
  }
  if (subject_dn === undefined) throw invalidBody('Missing required property: subject_dn', 'subject_dn')
  if (!isDistinguishedName(subject_dn)) throw invalidBody(`Object didn't pass validation for format distinguished-name: ${subject_dn}`, 'subject_dn')
  return subject_dn
}

async function keyMembers(
  key: KeyObject,
  body: CreateCredentialBody,
): Promise<{ kid: string; alg: string; thumbprint_sha256: string; public_key: Record<string, string> }> {
  const { n, e } = key.export({ format: 'jwk' })
  const public_key = { kty: 'RSA', n: n!, e: e! }
  const spki = key.export({ type: 'spki', format: 'der' })
  return {
    kid: body.kid ?? (await calculateJwkThumbprint(public_key, 'sha256')),
    alg: body.alg ?? 'RS256',
    thumbprint_sha256: createHash('sha256').update(spki).digest('base64url'),
    public_key,
  }
}
