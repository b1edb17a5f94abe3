import type { Proofs } from '../authorization/index.js'
import type { Parameters } from '../http/body.js'
import { OAuthError } from '../http/oauth-error.js'
import type { RequestContext } from '../http/request-context.js'

/** Grants of Auth0's that this service does not execute: known by their names, so that clients are told who may not use them (spec/oauth.md §1.2, §6). */
export const UNBUILT_GRANTS = [
  'http://auth0.com/oauth/grant-type/passwordless/otp',
  'http://auth0.com/oauth/grant-type/mfa-otp',
  'http://auth0.com/oauth/grant-type/mfa-oob',
  'http://auth0.com/oauth/grant-type/mfa-recovery-code',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:openid:params:grant-type:ciba',
  'urn:ietf:params:oauth:grant-type:token-exchange',
  'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token',
  'urn:okta:params:oauth:grant-type:webauthn',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
] as const

/** A request for one of them. */
export interface UnbuiltRequest {
  readonly grantType: (typeof UNBUILT_GRANTS)[number]
}

/** Grants of somebody's password: in the tenant's default directory, or in a connection that the request names (spec/oauth.md §6.3). */
export const PASSWORD_GRANTS = ['password', 'http://auth0.com/oauth/grant-type/password-realm'] as const

export interface PasswordRequest {
  readonly grantType: (typeof PASSWORD_GRANTS)[number]
  readonly username: string
  readonly password: string
  /** The connection's name; undefined for the default directory. */
  readonly realm: string | undefined
  readonly audience: string | undefined
  readonly scope: readonly string[] | undefined
  readonly organization: string | undefined
}

/** A request to the token endpoint, its grant's required parameters present (spec/oauth.md §6). What a grant does not know is ignored. */
export type TokenRequest =
  | { readonly grantType: 'authorization_code'; readonly code: string; readonly redirectUri: string | undefined; readonly codeVerifier: string | undefined }
  | { readonly grantType: 'refresh_token'; readonly refreshToken: string; readonly scope: readonly string[] | undefined; readonly audience: string | undefined }
  | {
      readonly grantType: 'client_credentials'
      readonly audience: string | undefined
      readonly scope: readonly string[] | undefined
      readonly organization: string | undefined
    }
  | PasswordRequest

export type RequestOf<G extends TokenRequest['grantType']> = Extract<TokenRequest, { grantType: G }>

/** Where a request came from, and what it said, as far as Actions are told. */
export interface Caller extends RequestContext {
  readonly sent: {
    /** The header. */
    readonly acceptLanguage?: string | undefined
    /** With the secrets that were among them. */
    readonly parameters: Parameters
  }
}

/** What a request has shown of its sender beside the client's name. */
export interface TokenSender {
  /** It has a secret or a key of its own, and has shown it. */
  readonly confidential: boolean
  readonly proofs: Proofs
}

/** Errors: OAuthError invalid_request for what is missing, unsupported_grant_type for a grant that nobody knows. */
export function parseTokenRequest(parameters: Parameters): TokenRequest | UnbuiltRequest {
  const required = (name: string): string => {
    const value = parameters[name]
    if (value === undefined) throw new OAuthError('invalid_request', `Missing required parameter: ${name}`)
    return value
  }
  const scope = scopeList(parameters['scope'])
  if (scope?.includes('online_access') && scope.includes('offline_access')) {
    throw new OAuthError('invalid_request', 'Cannot request both online_access and offline_access scopes')
  }
  const grantType = required('grant_type')
  switch (grantType) {
    case 'authorization_code':
      return {
        grantType: 'authorization_code',
        code: required('code'),
        redirectUri: parameters['redirect_uri'],
        codeVerifier: parameters['code_verifier'],
      }
    case 'refresh_token':
      return { grantType: 'refresh_token', refreshToken: required('refresh_token'), scope, audience: parameters['audience'] }
    case 'client_credentials':
      return { grantType: 'client_credentials', audience: parameters['audience'], scope, organization: parameters['organization'] }
    case 'password':
    case 'http://auth0.com/oauth/grant-type/password-realm': {
      const login = { username: required('username'), password: required('password'), realm: grantType === 'password' ? undefined : required('realm') }
      return { grantType, ...login, audience: parameters['audience'], scope, organization: parameters['organization'] }
    }
    default:
      return { grantType: unbuiltGrant(grantType) ?? unsupported() }
  }
}

/** Errors: OAuthError, always. */
export function unsupported(): never {
  throw new OAuthError('unsupported_grant_type', 'Grant type not supported')
}

const unbuiltGrant = (name: string): UnbuiltRequest['grantType'] | undefined => UNBUILT_GRANTS.find((grant) => grant === name)

/** RFC 6749 §3.3: names between spaces, each counted once. Where there is none, the parameter counts as left out (§3.2). */
function scopeList(text = ''): string[] | undefined {
  const names = [...new Set(text.split(' ').filter(Boolean))]
  return names.length > 0 ? names : undefined
}
