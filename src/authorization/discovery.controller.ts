import { createHash } from 'node:crypto'
import { All, Controller, Get, Header, Inject, Res, UseFilters } from '@nestjs/common'
import type { Response } from 'express'
import { CONFIG, type Config } from '../config.js'
import { OAuthError, OAuthErrorFilter } from '../http/oauth-error.js'

const PATHS = ['openid-configuration', 'oauth-authorization-server', 'oauth-authorization-server/*path']

/** What clients configure themselves from (OpenID Connect Discovery §4, RFC 8414 §3): only what this service answers today. */
@Controller('.well-known')
@UseFilters(OAuthErrorFilter)
export class DiscoveryController {
  readonly #metadata: object
  readonly #etag: string

  constructor(@Inject(CONFIG) config: Config) {
    this.#metadata = metadata(config)
    this.#etag = `"${createHash('sha256').update(JSON.stringify(this.#metadata)).digest('base64url')}"`
  }

  @Get(PATHS)
  @Header('Cache-Control', 'public, max-age=15, stale-while-revalidate=15, stale-if-error=86400')
  @Header('Access-Control-Allow-Origin', '*')
  discovery(@Res({ passthrough: true }) res: Response): object {
    // Express compares it with If-None-Match and answers 304.
    res.setHeader('ETag', this.#etag)
    return this.#metadata
  }

  @All(PATHS)
  otherMethod(): never {
    throw new OAuthError('method_not_allowed', 'The configuration is read with GET.', undefined, { headers: { Allow: 'GET, HEAD' } })
  }
}

const SECRET_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
const ASSERTION_ALGORITHMS = ['RS256', 'RS384', 'PS256', 'PS384', 'ES256', 'ES384']

function metadata({ issuer, settings }: Config): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}authorize`,
    token_endpoint: `${issuer}oauth/token`,
    userinfo_endpoint: `${issuer}userinfo`,
    jwks_uri: `${issuer}.well-known/jwks.json`,
    revocation_endpoint: `${issuer}oauth/revoke`,
    ...(settings.introspectionEnabled && {
      introspection_endpoint: `${issuer}oauth/introspect`,
      introspection_endpoint_auth_methods_supported: SECRET_METHODS,
    }),
    scopes_supported: words(
      'openid profile offline_access name given_name family_name nickname email email_verified picture created_at identities phone address',
    ),
    response_types_supported: ['code'],
    response_modes_supported: words('query fragment form_post'),
    grant_types_supported: words('authorization_code refresh_token client_credentials'),
    code_challenge_methods_supported: settings.pkceAllowPlain ? ['S256', 'plain'] : ['S256'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: [...SECRET_METHODS, 'none'],
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    revocation_endpoint_auth_methods_supported: [...SECRET_METHODS, 'none'],
    claims_supported: words(
      'aud auth_time created_at email email_verified exp family_name given_name iat identities iss name nickname phone_number picture sub',
    ),
    request_uri_parameter_supported: false,
    request_parameter_supported: false,
  }
}

const words = (text: string): string[] => text.split(' ')
