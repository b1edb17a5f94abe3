import { OAuthError } from '../../http/oauth-error.js'
import type { ClientCertificate } from '../../keys/client-certificate.js'

/** What of a request says who calls (spec/oauth.md §1.3). */
export interface ClientRequest {
  readonly clientId?: string | undefined
  readonly clientSecret?: string | undefined
  readonly assertion?: string | undefined
  readonly assertionType?: string | undefined
  /** The Authorization header. */
  readonly authorization?: string | undefined
  /** What the TLS handshake showed. */
  readonly certificate?: ClientCertificate | undefined
}

export interface Secret {
  readonly clientId: string
  readonly secret: string
}

/** How the caller says who it is. Basic has two readings, tried in their order. */
export type Presented =
  | { readonly method: 'none'; readonly clientId: string }
  | { readonly method: 'client_secret_post'; readonly readings: readonly [Secret] }
  | { readonly method: 'client_secret_basic'; readonly readings: readonly Secret[] }
  | { readonly method: 'private_key_jwt'; readonly assertion: string; readonly clientId: string | undefined }

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** Undefined where nobody is named. Errors: OAuthError invalid_request for two methods at once (RFC 6749 §2.3). */
export function presentedBy(request: ClientRequest): Presented | undefined {
  const { clientId, clientSecret, assertion, assertionType } = request
  const basic = basicCredentials(request.authorization)
  if ([basic, clientSecret, assertion].filter((method) => method !== undefined).length > 1) {
    throw new OAuthError('invalid_request', 'A request must use one method of client authentication only.')
  }
  if (basic !== undefined) return { method: 'client_secret_basic', readings: readings(basic, clientId) }
  if (assertion !== undefined) {
    if (assertionType !== ASSERTION_TYPE) throw new OAuthError('invalid_request', `client_assertion_type must be ${ASSERTION_TYPE}`)
    return { method: 'private_key_jwt', assertion, clientId }
  }
  if (clientId === undefined) return undefined
  if (clientSecret !== undefined) return { method: 'client_secret_post', readings: [{ clientId, secret: clientSecret }] }
  return { method: 'none', clientId }
}

/** The client that a request is about before anything was checked, for what needs no proof, such as CORS. */
export function claimedClientId(request: ClientRequest): string | undefined {
  try {
    const presented = presentedBy(request)
    if (!presented) return undefined
    if (presented.method === 'client_secret_basic') return presented.readings[0]?.clientId
    if (presented.method === 'private_key_jwt') return presented.clientId ?? issuerOf(presented.assertion)
    return presented.method === 'none' ? presented.clientId : presented.readings[0].clientId
  } catch (error) {
    if (error instanceof OAuthError) return request.clientId
    throw error
  }
}

/** The `iss` of an assertion that nobody has verified yet. */
export function issuerOf(assertion: string): string | undefined {
  try {
    const claims = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString('utf8')) as { iss?: unknown } | null
    return typeof claims?.iss === 'string' ? claims.iss : undefined
  } catch {
    return undefined
  }
}

function basicCredentials(header: string | undefined): string | undefined {
  const [, base64] = /^basic +(\S+)\s*$/i.exec(header ?? '') ?? []
  if (base64 === undefined) return /^basic(\s|$)/i.test(header ?? '') ? '' : undefined
  return Buffer.from(base64, 'base64').toString('utf8')
}

/** RFC 6749 §2.3.1 wants both parts form-encoded, which some clients do and others do not. */
function readings(credentials: string, bodyClientId: string | undefined): Secret[] {
  const colon = credentials.indexOf(':')
  if (colon < 0) return []
  const raw = { clientId: credentials.slice(0, colon), secret: credentials.slice(colon + 1) }
  const decoded = formDecoded(raw)
  const all = decoded ? [decoded, raw] : [raw]
  if (bodyClientId === undefined) return all
  const same = all.filter(({ clientId }) => clientId === bodyClientId)
  if (same.length === 0) throw new OAuthError('invalid_request', 'client_id differs from the one in the Authorization header.')
  return same
}

function formDecoded({ clientId, secret }: Secret): Secret | undefined {
  const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))
  try {
    return { clientId: decode(clientId), secret: decode(secret) }
  } catch {
    return undefined
  }
}
