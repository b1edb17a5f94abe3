import type { Config } from '../config.js'
import type { TenantSettings } from '../users/index.js'

export const CERTIFICATE_METHODS: readonly string[] = ['tls_client_auth', 'self_signed_tls_client_auth']

/** What clients call themselves, so that their TLS handshake can show a certificate; browsers would ask the person for one. */
const CALLED_BY_CLIENTS = [
  'token_endpoint',
  'revocation_endpoint',
  'introspection_endpoint',
  'userinfo_endpoint',
  'device_authorization_endpoint',
  'pushed_authorization_request_endpoint',
  'backchannel_authentication_endpoint',
]

export const takesCertificates = ({ settings }: Config): boolean => settings.mtlsCertificateHeader !== undefined

/**
 * What discovery says of mutual TLS (RFC 8705 §3.3, §5). Aliases are at the host `mtls.` before the issuer's, where the tenant says that the
 * proxy answers there (`mtls.enable_endpoint_aliases`).
 */
export function mtlsMetadata(endpoints: Readonly<Record<string, unknown>>, { issuer }: Config, { mtls }: TenantSettings): object {
  const enabled = (mtls as { enable_endpoint_aliases?: unknown } | null | undefined)?.enable_endpoint_aliases === true
  return { tls_client_certificate_bound_access_tokens: true, ...(enabled && { mtls_endpoint_aliases: aliases(endpoints, issuer) }) }
}

function aliases(endpoints: Readonly<Record<string, unknown>>, issuer: string): object {
  const base = new URL(issuer)
  base.host = `mtls.${base.host}`
  const called = CALLED_BY_CLIENTS.filter((name) => typeof endpoints[name] === 'string')
  return Object.fromEntries(called.map((name) => [name, base.href + (endpoints[name] as string).slice(issuer.length)]))
}
