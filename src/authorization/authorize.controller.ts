import { All, Controller, Get, Inject, Post, Req, Res } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import type { Request, Response } from 'express'
import { CONFIG, type Config } from '../config.js'
import { readText } from '../http/body.js'
import { OAuthError } from '../http/oauth-error.js'
import { requestContext } from '../http/request-context.js'
import { clearedSessionCookies, hasSessionCookie, sessionCookies } from '../sessions/index.js'
import { RootKeys } from '../keys/root-key.js'
import { readRawRequest, type RawRequest } from './authorize-parameters.js'
import { AuthorizeRequests, type AuthorizeRequest } from './authorize-request.js'
import { AuthorizationRefused } from './authorization-response.js'
import { AnswerFromSession, type SessionAnswer } from './commands/answer-from-session.js'
import { LoginPages } from './login-pages.js'
import { PageAnswers } from './page-answers.js'

const MAX_BODY = 100_000

/** `/authorize` (spec/oauth.md §4): answers from the browser's session, or shows the page on which a person acts. */
@Controller('authorize')
export class AuthorizeController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly rootKeys: RootKeys,
    private readonly requests: AuthorizeRequests,
    private readonly commands: CommandBus,
    private readonly answers: PageAnswers,
    private readonly pages: LoginPages,
  ) {}

  @Get()
  get(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, async () => {
      const query = req.originalUrl.indexOf('?')
      await this.#authorize(req, res, readRawRequest(query < 0 ? '' : req.originalUrl.slice(query + 1), 'GET'))
    })
  }

  /** OIDC Core §3.1.2.1 */
  @Post()
  post(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, async () => {
      if (!req.is('application/x-www-form-urlencoded')) throw new OAuthError('invalid_request', 'The content type must be application/x-www-form-urlencoded.')
      await this.#authorize(req, res, readRawRequest(await readText(req, MAX_BODY), 'POST'))
    })
  }

  @All()
  other(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, () => {
      throw new OAuthError('method_not_allowed', 'This address does not answer that method.', undefined, { headers: { Allow: 'GET, POST' } })
    })
  }

  async #authorize(req: Request, res: Response, raw: RawRequest): Promise<void> {
    const request = await this.requests.read(raw)
    const silent = request.prompt.has('none')
    const answer = await this.commands.execute(new AnswerFromSession(request, req.headers.cookie, requestContext(req)))
    if (answer.kind === 'answered') {
      // The browser's copy lives as long as the session does.
      res.append('Set-Cookie', sessionCookies(this.rootKeys, this.config.issuer, answer.sessionId, answer.session))
      return this.answers.toClient(res, request.target, { code: answer.code })
    }
    if (answer.kind === 'blocked') throw new AuthorizationRefused(request.target, 'unauthorized', 'user is blocked', silent)
    // It would be asked about in vain for as long as the browser keeps it (spec/sessions.md §3).
    if (answer.kind === 'login needed' && answer.stale && hasSessionCookie(req.headers.cookie)) {
      res.append('Set-Cookie', clearedSessionCookies(this.config.issuer))
    }
    if (silent) throw silently(request, answer)
    if (answer.kind === 'consent needed') return this.pages.consent(req, res, request, answer.sessionId)
    return request.screen === 'signup' ? this.pages.signUp(req, res, request) : this.pages.login(req, res, request)
  }
}

/** `prompt=none` never renders a page (spec/oauth.md §4.4). */
const silently = ({ target }: AuthorizeRequest, { kind }: SessionAnswer): AuthorizationRefused =>
  kind === 'consent needed'
    ? new AuthorizationRefused(target, 'consent_required', 'Consent required', true)
    : new AuthorizationRefused(target, 'login_required', 'Login required', true)
