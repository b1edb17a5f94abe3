import { Injectable, Logger } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import type { Request, Response } from 'express'
import { Audit } from '../audit/audit.js'
import type { AuthorizeFailed } from '../audit/audit.events.js'
import { RequestLimit } from '../audit/request-limit.js'
import type { Context } from '../event-store/event.js'
import type { Parameters } from '../http/body.js'
import { OAuthError } from '../http/oauth-error.js'
import { requestContext } from '../http/request-context.js'
import { routeOf } from '../http/route.js'
import { isUnavailable, logUnavailable } from '../http/unavailable.js'
import { PersonKeys } from '../keys/person-keys.js'
import { shownText } from '../redact.js'
import { FindTenantSettings } from '../users/index.js'
import { answerLocation, answerParameters, type AnswerTarget, AuthorizationRefused, RequestRefused } from './authorization-response.js'
import { causedBy } from './caused-by.js'
import { newNonce, sendMessagePage, sendPage, sendRedirect } from './page-response.js'
import { errorPage } from './pages/error.js'
import { enabledLocales, textsFor } from './pages/language.js'
import type { PageFrame } from './pages/layout.js'
import { ENGLISH } from './pages/texts.js'
import { formPostPage } from './pages/form-post.js'
import { webMessagePage } from './pages/web-message.js'
import { shownRequest } from './shown-request.js'

/** Of what callers write without being anybody. */
const MAX_CLIENT_ID = 64

/** The name on pages of a tenant that has given itself none. */
const NAMELESS = 'Evergrant'

/** Thrown where the way back is through the application's own start of a login. */
export class StartAgain extends OAuthError {
  constructor(
    description: string,
    readonly startUrl?: string,
  ) {
    super('invalid_request', description)
  }
}

/** Answers browsers: what became of an authorization request, at its redirect URI, and what went wrong, there or on a page. */
@Injectable()
export class PageAnswers {
  readonly #log = new Logger('pages')

  constructor(
    private readonly queries: QueryBus,
    private readonly personKeys: PersonKeys,
    private readonly audit: Audit,
    private readonly limit: RequestLimit,
  ) {}

  /** Does the work of a route; whatever it throws becomes an answer that a browser can show, or the client's. */
  async answering(req: Request, res: Response, work: () => Promise<void>): Promise<void> {
    try {
      await this.limit.count(req, res)
      await work().catch((error: unknown) => this.#refused(req, res, error))
    } catch (error) {
      await this.#failed(req, res, error)
    }
  }

  /** Tells the client, in the way that it asked for; of errors perhaps the person instead. */
  async toClient(req: Request, res: Response, target: AnswerTarget, parameters: Parameters): Promise<void> {
    const { error, error_description: description = '' } = parameters
    if (error !== undefined && target.errorsOnPage) return sendPage(res, 400, errorPage({ frame: await this.frame(req), code: error, description }))
    if (target.responseMode === 'web_message') return this.#toWindow(req, res, target, parameters)
    if (target.responseMode !== 'form_post') return sendRedirect(res, answerLocation(target, parameters))
    const nonce = newNonce()
    const view = { frame: await this.frame(req), action: target.redirectUri, parameters: answerParameters(target, parameters), nonce }
    sendPage(res, 200, formPostPage(view), nonce)
  }

  async #toWindow(req: Request, res: Response, target: AnswerTarget, parameters: Parameters): Promise<void> {
    const nonce = newNonce()
    const targetOrigin = new URL(target.redirectUri).origin
    const view = { frame: await this.frame(req), targetOrigin, parameters: answerParameters(target, parameters), nonce }
    sendMessagePage(res, webMessagePage(view), { nonce, targetOrigin })
  }

  /** Whose page it is, in the language that the person wants. */
  async frame(req: Request, uiLocales?: string): Promise<PageFrame> {
    const settings = await this.queries.execute(new FindTenantSettings())
    const { friendly_name: name } = settings
    const tenantName = typeof name === 'string' && name !== '' ? name : NAMELESS
    return { tenantName, texts: textsFor({ uiLocales, acceptLanguage: req.headers['accept-language'] }, enabledLocales(settings)) }
  }

  async #refused(req: Request, res: Response, error: unknown): Promise<void> {
    if (error instanceof AuthorizationRefused) {
      const { target, code, description, silent } = error
      const { clientId, organizationId } = target
      const data = { error: code, description: shownText(description), silent, request: { path: req.path, ...shownRequest(target.asked) } }
      await this.#record(req, data, { clientId, ...(organizationId !== undefined && { organizationId }) })
      return this.toClient(req, res, target, error.parameters)
    }
    if (error instanceof RequestRefused) {
      const { asked, callbacks, code, description } = error
      const request = { path: req.path, ...shownRequest(asked, callbacks) }
      const clientId = callbacks ? asked['client_id'] : request.parameters['client_id']?.slice(0, MAX_CLIENT_ID)
      await this.#record(req, { error: code, description: shownText(description), silent: false, request }, clientId === undefined ? {} : { clientId })
    }
    throw error
  }

  async #record(req: Request, data: AuthorizeFailed, about: Context): Promise<void> {
    const cause = await causedBy(this.personKeys, requestContext(req))
    await this.audit.record({ type: 'AuthorizeFailed', data }, { ...cause, ...about })
  }

  async #failed(req: Request, res: Response, error: unknown): Promise<void> {
    const shown = this.#shown(req, res, error)
    const frame = await this.frame(req).catch(() => ({ tenantName: NAMELESS, texts: ENGLISH }))
    if (res.headersSent) return void res.destroy()
    const startUrl = error instanceof StartAgain ? error.startUrl : undefined
    res.set(shown.options.headers ?? {})
    sendPage(res, shown.status, errorPage({ frame, code: shown.code, description: shown.description, startUrl }))
  }

  #shown(req: Request, res: Response, error: unknown): OAuthError {
    if (error instanceof OAuthError) return error
    const unavailable = isUnavailable(error)
    if (unavailable) logUnavailable(error, req, res)
    else this.#log.error('a request failed', { err: error, route: routeOf(req), requestId: res.locals['requestId'] as unknown })
    return new OAuthError('temporarily_unavailable', 'The service is temporarily unavailable. Please try again.', String(error), {
      status: unavailable ? 503 : 500,
      headers: { 'Retry-After': '1' },
    })
  }
}
