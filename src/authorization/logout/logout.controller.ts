import { All, Controller, Get, Inject, Post, Req, Res } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import type { Request, Response } from 'express'
import { Audit } from '../../audit/audit.js'
import { CONFIG, type Config } from '../../config.js'
import { formParameters, type Parameters, readText } from '../../http/body.js'
import { OAuthError } from '../../http/oauth-error.js'
import { requestContext } from '../../http/request-context.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { RootKeys } from '../../keys/root-key.js'
import { clearedSessionCookies, hasSessionCookie } from '../../sessions/index.js'
import { readRawRequest } from '../authorize-parameters.js'
import { causedBy } from '../caused-by.js'
import { LogOut } from '../commands/log-out.js'
import { bindingFrom, openTransaction, sessionAsked } from '../login-transaction.js'
import { LoginPages } from '../login-pages.js'
import { PageAnswers, StartAgain } from '../page-answers.js'
import { sendPage, sendRedirect } from '../page-response.js'
import { loggedOutPage } from '../pages/logged-out.js'
import { type LogoutRequest, LogoutRefused, LogoutRequests } from './logout-request.js'

const MAX_BODY = 100_000

/** Logs a browser out (spec/oauth.md §13). */
@Controller()
export class LogoutController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly rootKeys: RootKeys,
    private readonly requests: LogoutRequests,
    private readonly commands: CommandBus,
    private readonly answers: PageAnswers,
    private readonly pages: LoginPages,
    private readonly personKeys: PersonKeys,
    private readonly audit: Audit,
  ) {}

  @Get('v2/logout')
  v2(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, async () => this.#logOut(req, res, await this.#read(req, () => this.requests.readV2(parametersOf(req)))))
  }

  @Get('oidc/logout')
  oidc(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, () => this.#oidc(req, res, parametersOf(req)))
  }

  @Post('oidc/logout')
  oidcForm(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, async () => this.#oidc(req, res, once(readRawRequest(await formOf(req), 'POST'))))
  }

  /** The person was asked, and said yes: anything else is not sent here. */
  @Post('u/logout')
  confirmed(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, async () => {
      const { transaction: sealed } = formParameters(await formOf(req))
      const binding = bindingFrom(this.config.issuer, req.headers.cookie)
      const opened = sealed && binding ? openTransaction(this.rootKeys, sealed, binding, Date.now()) : undefined
      if (!opened || opened.expired) throw new StartAgain('This page does not belong to this browser, or was open for too long. Please start again.')
      const { transaction } = opened
      await this.#logOut(req, res, await this.#read(req, () => this.requests.readOidc(transaction.parameters)), sessionAsked(transaction, 'logout'))
    })
  }

  @All(['v2/logout', 'oidc/logout', 'u/logout'])
  other(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, () => {
      const allow = req.path.endsWith('/v2/logout') ? 'GET' : req.path.endsWith('/u/logout') ? 'POST' : 'GET, POST'
      throw new OAuthError('method_not_allowed', 'This address does not answer that method.', undefined, { headers: { Allow: allow } })
    })
  }

  async #oidc(req: Request, res: Response, parameters: Parameters): Promise<void> {
    const request = await this.#read(req, () => this.requests.readOidc(parameters))
    const outcome = await this.commands.execute(new LogOut(request, req.headers.cookie, requestContext(req)))
    if (outcome.kind === 'ask') return this.pages.confirmLogout(req, res, parameters, outcome.sessionId)
    return this.#loggedOut(req, res, request)
  }

  async #logOut(req: Request, res: Response, request: LogoutRequest, confirmed?: string): Promise<void> {
    const outcome = await this.commands.execute(new LogOut(request, req.headers.cookie, requestContext(req), confirmed))
    if (outcome.kind === 'ask') throw new StartAgain('Somebody else has logged in meanwhile. Please start again.')
    return this.#loggedOut(req, res, request)
  }

  async #loggedOut(req: Request, res: Response, { redirectTo }: LogoutRequest): Promise<void> {
    if (hasSessionCookie(req.headers.cookie)) res.append('Set-Cookie', clearedSessionCookies(this.config.issuer))
    if (redirectTo !== undefined) return sendRedirect(res, redirectTo)
    sendPage(res, 200, loggedOutPage({ frame: await this.answers.frame(req) }))
  }

  /** What may not be is recorded: somebody tried to have people sent elsewhere. */
  async #read(req: Request, read: () => Promise<LogoutRequest>): Promise<LogoutRequest> {
    try {
      return await read()
    } catch (error) {
      if (error instanceof LogoutRefused) {
        const cause = await causedBy(this.personKeys, requestContext(req))
        const { clientId, description, returnTo, allowed } = error
        const data = { description, allowed, ...(returnTo !== undefined && { returnTo }) }
        await this.audit.record({ type: 'LogoutRefused', data }, { ...cause, ...(clientId !== undefined && { clientId }) })
      }
      throw error
    }
  }
}

function parametersOf({ originalUrl }: Request): Parameters {
  const query = originalUrl.indexOf('?')
  return once(readRawRequest(query < 0 ? '' : originalUrl.slice(query + 1), 'GET'))
}

function once({ parameters, repeated }: ReturnType<typeof readRawRequest>): Parameters {
  if (repeated.length > 0) throw new OAuthError('invalid_request', `Parameter repeated: ${repeated[0]}`)
  return parameters
}

function formOf(req: Request): Promise<string> {
  if (!req.is('application/x-www-form-urlencoded')) throw new OAuthError('invalid_request', 'The content type must be application/x-www-form-urlencoded.')
  return readText(req, MAX_BODY)
}
