import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common'
import type { Request, Response } from 'express'
import { FallbackFilter } from './fallback.filter.js'
import { isUnavailable, logUnavailable } from './unavailable.js'

/** The codes of this service's OAuth endpoints with the status each is sent with: Auth0's, where it departs from RFC 6749 §5.2 (spec/oauth.md §1.2). */
const STATUS = {
  invalid_request: 400,
  invalid_request_uri: 400,
  invalid_scope: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  use_dpop_nonce: 400,
  invalid_dpop_proof: 400,
  invalid_client: 401,
  invalid_token: 401,
  unauthorized_client: 403,
  access_denied: 403,
  invalid_grant: 403,
  insufficient_scope: 403,
  mfa_required: 403,
  interaction_required: 403,
  unauthorized: 403,
  not_found: 404,
  endpoint_disabled: 404,
  method_not_allowed: 405,
  payload_too_large: 413,
  too_many_requests: 429,
  too_many_attempts: 429,
  server_error: 500,
  temporarily_unavailable: 503,
} as const

export type OAuthErrorCode = keyof typeof STATUS

/** Some repeat what was sent. */
const MAX_DESCRIPTION = 1000
/** RFC 6749 §5.2 takes printable ASCII without \ and ". Auth0's texts have quotation marks. */
const UNFIT = /[^ -[\]-~]/gu

interface OAuthErrorOptions {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** An Action's words, in whatever language: made fit where they come from. */
  readonly ofAction?: boolean
}

/** Thrown by OAuth endpoints. `description` goes to the client; `detail` only to the log. */
export class OAuthError extends Error {
  override name = 'OAuthError'
  readonly status: number
  readonly description: string

  constructor(
    readonly code: OAuthErrorCode,
    description: string,
    readonly detail?: string,
    readonly options: OAuthErrorOptions = {},
  ) {
    super(description)
    this.description = options.ofAction ? description : description.slice(0, MAX_DESCRIPTION).replace(UNFIT, '?')
    this.status = options.status ?? STATUS[code]
  }

  get body(): { error: string; error_description: string } {
    return { error: this.code, error_description: this.description }
  }
}

/** The one writer of RFC 6749 §5.2 bodies; what it does not know goes to the fallback. */
@Catch()
export class OAuthErrorFilter implements ExceptionFilter {
  readonly #fallback = new FallbackFilter()

  catch(error: unknown, host: ArgumentsHost): void {
    const known = asOAuthError(error)
    if (!known) return this.#fallback.catch(error, host)
    const res = host.switchToHttp().getResponse<Response>()
    if (isUnavailable(error)) logUnavailable(error, host.switchToHttp().getRequest<Request>(), res)
    if (res.headersSent) return void res.destroy()
    res
      // Caches may keep a 404 or a 405 that does not forbid it (RFC 9110 §15.1).
      .set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' })
      .set(known.options.headers ?? {})
      .status(known.status)
      .json(known.body)
  }
}

function asOAuthError(error: unknown): OAuthError | undefined {
  if (error instanceof OAuthError) return error
  if (error instanceof HttpException || !isUnavailable(error)) return undefined
  return new OAuthError('temporarily_unavailable', 'The service is temporarily unavailable. Please try again.', String(error), {
    headers: { 'Retry-After': '1' },
  })
}
