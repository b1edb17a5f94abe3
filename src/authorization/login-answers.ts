import { Inject, Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import type { Request, Response } from 'express'
import { CONFIG, type Config } from '../config.js'
import type { Parameters } from '../http/body.js'
import { RootKeys } from '../keys/root-key.js'
import { clearedSessionCookies, provedCookie, sessionCookies } from '../sessions/index.js'
import type { AuthorizeRequest } from './authorize-request.js'
import type { LoginAnswer } from './commands/answer-login.js'
import { SuspendLogin } from './commands/suspend-login.js'
import { bindingFrom, newBinding } from './login-transaction.js'
import { PageAnswers } from './page-answers.js'
import { sendRedirect } from './page-response.js'

/** Tells the browser what became of a login, with the session's cookie: the browser's copy lives as long as the session does. */
@Injectable()
export class LoginAnswers {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly rootKeys: RootKeys,
    private readonly commands: CommandBus,
    private readonly answers: PageAnswers,
  ) {}

  /** `loggedIn`: the person has just shown who they are, so the cookie is this browser's, whatever it had before. Errors: the database's. */
  async send(req: Request, res: Response, { target }: AuthorizeRequest, answer: LoginAnswer, { loggedIn = false } = {}): Promise<void> {
    const { issuer } = this.config
    const { sessionId, session } = answer
    if (!session) res.append('Set-Cookie', clearedSessionCookies(issuer))
    // Where somebody has logged in to it anew meanwhile, the cookie is theirs alone.
    else if (loggedIn || provedCookie(this.rootKeys, req.headers.cookie)?.generation === session.cookieGeneration)
      res.append('Set-Cookie', sessionCookies(this.rootKeys, issuer, sessionId, session))
    switch (answer.kind) {
      case 'answered':
        return this.answers.toClient(req, res, target, successParameters(answer))
      case 'refused':
        return this.answers.toClient(req, res, target, { error: answer.error, error_description: answer.description })
      case 'sent elsewhere': {
        const state = await this.commands.execute(new SuspendLogin(answer.pending, this.#binding(req, res)))
        const url = new URL(answer.url)
        url.searchParams.set('state', state)
        return sendRedirect(res, url.href)
      }
    }
  }

  /** The browser's secret, a new one where it has none: nobody else can bring the state back. */
  #binding(req: Request, res: Response): string {
    const known = bindingFrom(this.config.issuer, req.headers.cookie)
    if (known !== undefined) return known
    const { binding, cookie } = newBinding(this.config.issuer)
    res.append('Set-Cookie', cookie)
    return binding
  }
}

/** spec/oauth.md §4.5 */
const successParameters = ({ code, tokens: { access, idToken } = {} }: Extract<LoginAnswer, { kind: 'answered' }>): Parameters => ({
  ...(code !== undefined && { code }),
  ...(access && { access_token: access.token, token_type: 'Bearer', expires_in: String(access.seconds) }),
  ...(access && access.scope.length > 0 && { scope: access.scope.join(' ') }),
  ...(idToken !== undefined && { id_token: idToken }),
})
