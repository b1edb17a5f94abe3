import { Inject, Injectable } from '@nestjs/common'
import type { Request, Response } from 'express'
import { CONFIG, type Config } from '../config.js'
import { clearedSessionCookies, hasSessionCookie } from '../sessions/index.js'
import type { AuthorizeRequest } from './authorize-request.js'
import { AuthorizationRefused } from './authorization-response.js'
import type { SessionAnswer } from './commands/answer-from-session.js'
import type { LoginAnswer } from './commands/answer-login.js'
import { LoginAnswers } from './login-answers.js'
import { LoginPages } from './login-pages.js'

/** Goes on with an authorization request after the browser's session was looked at: with an answer, or with the page that comes next. */
@Injectable()
export class SessionAnswers {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly answers: LoginAnswers,
    private readonly pages: LoginPages,
  ) {}

  /** Errors: AuthorizationRefused. */
  async send(req: Request, res: Response, request: AuthorizeRequest, answer: SessionAnswer): Promise<void> {
    const silent = request.prompt.has('none')
    if (answer.kind === 'answered' || answer.kind === 'refused' || answer.kind === 'sent elsewhere') return this.answers.send(req, res, request, answer)
    if (answer.kind === 'blocked') throw new AuthorizationRefused(request.target, 'unauthorized', 'user is blocked', silent)
    // It would be asked about in vain for as long as the browser keeps it (spec/sessions.md §3).
    if (answer.kind === 'login needed' && answer.stale && hasSessionCookie(req.headers.cookie)) {
      res.append('Set-Cookie', clearedSessionCookies(this.config.issuer))
    }
    if (silent) throw silently(request, answer.kind)
    if (answer.kind === 'consent needed') return this.pages.consent(req, res, answer.request, answer.sessionId)
    if (answer.kind === 'choice needed') return this.pages.chooseAccount(req, res, request, answer)
    if (answer.kind === 'organization choice needed') return this.pages.organizationPicker(req, res, request, answer)
    if (request.organizationPrompt === 'before login') return this.pages.organizationName(req, res, request)
    return request.screen === 'signup' ? this.pages.signUp(req, res, request) : this.pages.login(req, res, request)
  }
}

type PageNeeded = Exclude<SessionAnswer, LoginAnswer | { readonly kind: 'blocked' }>['kind']

/** `prompt=none` never renders a page (spec/oauth.md §4.4). */
function silently({ target }: AuthorizeRequest, kind: PageNeeded): AuthorizationRefused {
  switch (kind) {
    case 'login needed':
      return new AuthorizationRefused(target, 'login_required', 'Login required', true)
    case 'consent needed':
      return new AuthorizationRefused(target, 'consent_required', 'Consent required', true)
    case 'choice needed':
    case 'organization name needed':
    case 'organization choice needed':
      return new AuthorizationRefused(target, 'interaction_required', 'Interaction required', true)
  }
}
