import { All, Controller, Get, Header, HttpCode, Options, Req, Res, UseFilters, UseGuards } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import type { Request, Response } from 'express'
import { RequestLimitGuard } from '../audit/request-limit.guard.js'
import { AnyOriginGuard } from '../http/any-origin.guard.js'
import { answerPreflight } from '../http/cors.js'
import { OAuthError, OAuthErrorFilter } from '../http/oauth-error.js'
import { tagVersion } from '../http/version-tag.js'
import { type PublishedJwk, SigningKeys } from '../keys/signing-keys.js'
import { FindTenantSettings } from '../users/index.js'

/** A key as it is shown: some tenants want none of its `alg`. */
type ShownJwk = Omit<PublishedJwk, 'alg'> & Partial<Pick<PublishedJwk, 'alg'>>

/** /.well-known/jwks.json (RFC 7517 §5): public to everyone, and to scripts of every origin (spec/oauth.md §1.5, §14). */
@Controller('.well-known/jwks.json')
@UseFilters(OAuthErrorFilter)
@UseGuards(AnyOriginGuard)
export class JwksController {
  constructor(
    private readonly signingKeys: SigningKeys,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @UseGuards(RequestLimitGuard)
  @Header('Cache-Control', 'public, max-age=15, stale-while-revalidate=15, stale-if-error=86400')
  async jwks(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<{ keys: readonly ShownJwk[] }> {
    const [published, { flags }] = await Promise.all([this.signingKeys.published(), this.queries.execute(new FindTenantSettings())])
    const keys = flags?.['remove_alg_from_jwks'] === true ? published.map(({ alg: _, ...key }) => key) : published
    tagVersion(request, response, keys)
    return { keys }
  }

  @Options()
  @HttpCode(204)
  preflight(@Res({ passthrough: true }) response: Response): void {
    answerPreflight(response)
  }

  @All()
  @UseGuards(RequestLimitGuard)
  otherMethod(): never {
    throw new OAuthError('method_not_allowed', 'The keys are read with GET.', undefined, { headers: { Allow: 'GET, HEAD, OPTIONS' } })
  }
}
