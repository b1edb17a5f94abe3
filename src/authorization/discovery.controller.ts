import { All, Controller, Get, Header, HttpCode, Inject, Options, Req, Res, UseFilters, UseGuards } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import type { Request, Response } from 'express'
import { RequestLimitGuard } from '../audit/request-limit.guard.js'
import { CONFIG, type Config } from '../config.js'
import { AnyOriginGuard } from '../http/any-origin.guard.js'
import { answerPreflight } from '../http/cors.js'
import { OAuthError, OAuthErrorFilter } from '../http/oauth-error.js'
import { tagVersion } from '../http/version-tag.js'
import { FindTenantSettings, type TenantSettings } from '../users/index.js'
import { ASSERTION_ALGORITHMS } from './client-authentication/assertion.js'
import { CERTIFICATE_METHODS, mtlsMetadata, takesCertificates } from './mtls-metadata.js'
import { RESPONSE_TYPES_SUPPORTED } from './response-types.js'

const PATHS = ['openid-configuration', 'oauth-authorization-server', 'oauth-authorization-server/*path']

/** What clients configure themselves from (OpenID Connect Discovery §4, RFC 8414 §3): only what this service answers today. */
@Controller('.well-known')
@UseFilters(OAuthErrorFilter)
@UseGuards(AnyOriginGuard)
export class DiscoveryController {
  readonly #metadata: Readonly<Record<string, unknown>>

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly queries: QueryBus,
  ) {
    this.#metadata = metadata(config)
  }

  @Get(PATHS)
  @UseGuards(RequestLimitGuard)
  @Header('Cache-Control', 'public, max-age=15, stale-while-revalidate=15, stale-if-error=86400')
  async discovery(@Req() req: Request, @Res({ passthrough: true }) res: Response): Promise<object> {
    const tenant = await this.queries.execute(new FindTenantSettings())
    const certificates = takesCertificates(this.config) && mtlsMetadata(this.#metadata, this.config, tenant)
    const body = { ...this.#metadata, ...ofTenant(tenant, this.config.issuer), ...certificates }
    tagVersion(req, res, body)
    return body
  }

  @Options(PATHS)
  @HttpCode(204)
  preflight(@Res({ passthrough: true }) res: Response): void {
    answerPreflight(res)
  }

  @All(PATHS)
  @UseGuards(RequestLimitGuard)
  otherMethod(): never {
    throw new OAuthError('method_not_allowed', 'The configuration is read with GET.', undefined, { headers: { Allow: 'GET, HEAD, OPTIONS' } })
  }
}

/** What the tenant's settings show or hide (spec/oauth.md §13.2, §14). */
function ofTenant(tenant: TenantSettings, issuer: string): object {
  const { rp_logout_end_session_endpoint_discovery: showsLogout = true } = (tenant['oidc_logout'] ?? {}) as Record<string, unknown>
  return {
    ...(showsLogout === true && { end_session_endpoint: `${issuer}oidc/logout` }),
    ...(tenant['authorization_response_iss_parameter_supported'] === true && { authorization_response_iss_parameter_supported: true }),
  }
}

const SECRET_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']

function metadata(config: Config): Readonly<Record<string, unknown>> {
  const { issuer, settings } = config
  const methods = [...SECRET_METHODS, ...(takesCertificates(config) ? CERTIFICATE_METHODS : [])]
  return {
    issuer,
    authorization_endpoint: `${issuer}authorize`,
    token_endpoint: `${issuer}oauth/token`,
    userinfo_endpoint: `${issuer}userinfo`,
    jwks_uri: `${issuer}.well-known/jwks.json`,
    revocation_endpoint: `${issuer}oauth/revoke`,
    ...(settings.introspectionEnabled && {
      introspection_endpoint: `${issuer}oauth/introspect`,
      introspection_endpoint_auth_methods_supported: methods,
      introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    }),
    scopes_supported: words(
      'openid profile offline_access name given_name family_name nickname email email_verified picture created_at identities phone address',
    ),
    response_types_supported: RESPONSE_TYPES_SUPPORTED,
    response_modes_supported: words('query fragment form_post'),
    grant_types_supported: words('authorization_code implicit refresh_token client_credentials password http://auth0.com/oauth/grant-type/password-realm'),
    code_challenge_methods_supported: settings.pkceAllowPlain ? ['S256', 'plain'] : ['S256'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: words('HS256 RS256 PS256 RS512'),
    token_endpoint_auth_methods_supported: [...methods, 'none'],
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    dpop_signing_alg_values_supported: settings.dpopAlgs,
    revocation_endpoint_auth_methods_supported: [...methods, 'none'],
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    ...(settings.rtExpirationParameters && { refresh_token_expiration_types_supported: ['authorization', 'token_timeout'] }),
    claims_supported: words(
      'aud auth_time created_at email email_verified exp family_name given_name iat identities iss name nickname phone_number picture sub',
    ),
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    request_uri_parameter_supported: false,
    request_parameter_supported: false,
  }
}

const words = (text: string): string[] => text.split(' ')
