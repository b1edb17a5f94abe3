import { All, Controller, Get, Inject, Post, Req, Res } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import type { Request, Response } from 'express'
import { CONFIG, type Config } from '../config.js'
import { OAuthError } from '../http/oauth-error.js'
import { RootKeys } from '../keys/root-key.js'
import { sessionCookies } from '../sessions/index.js'
import { AuthorizationRefused } from './authorization-response.js'
import { type AuthorizeRequest, AuthorizeRequests } from './authorize-request.js'
import { AnswerFromSession } from './commands/answer-from-session.js'
import { AnswerConsent } from './commands/answer-consent.js'
import { LogIn, type LoginOutcome } from './commands/log-in.js'
import { SignUpForClient } from './commands/sign-up-for-client.js'
import { LoginAnswers } from './login-answers.js'
import { LoginForms, startAgain } from './login-forms.js'
import { LoginPages } from './login-pages.js'
import { sessionAsked } from './login-transaction.js'
import { PageAnswers } from './page-answers.js'
import { SessionAnswers } from './session-answers.js'
import { tooManyAttempts } from './too-many-attempts.js'
import { visitOf } from './visit.js'

type LoggedIn = Exclude<LoginOutcome, { readonly kind: 'wrong' | 'too many' | 'blocked' }>

/** Takes the forms of the hosted pages. */
@Controller('u')
export class LoginController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly rootKeys: RootKeys,
    private readonly requests: AuthorizeRequests,
    private readonly forms: LoginForms,
    private readonly commands: CommandBus,
    private readonly answers: PageAnswers,
    private readonly pages: LoginPages,
    private readonly sessionAnswers: SessionAnswers,
    private readonly loginAnswers: LoginAnswers,
  ) {}

  @Post('login')
  login(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, async () => {
      const { fields, request } = await this.forms.read(req)
      const { username, password, connection } = fields
      if (connection !== undefined) return this.#otherConnection(req, res, request, connection)
      if (username === undefined || password === undefined) {
        return this.pages.login(req, res, request, { status: 400, problem: ({ login }) => login.incomplete, name: username ?? '' })
      }
      const proof = { kind: 'password', identifier: username, password } as const
      const outcome = await this.commands.execute(new LogIn(request, proof, visitOf(req)))
      switch (outcome.kind) {
        case 'wrong':
          return this.pages.login(req, res, request, { status: 400, problem: ({ login }) => login.wrong, name: username })
        case 'too many':
          throw tooManyAttempts()
        case 'blocked':
          return this.answers.toClient(req, res, request.target, { error: 'unauthorized', error_description: 'user is blocked' })
        default:
          return this.#loggedIn(req, res, request, outcome)
      }
    })
  }

  @Post('signup')
  signUp(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, async () => {
      const { fields, request } = await this.forms.read(req)
      const { email, password } = fields
      if (email === undefined || password === undefined) {
        return this.pages.signUp(req, res, request, { status: 400, problem: ({ signUp }) => signUp.incomplete, name: email ?? '' })
      }
      const visit = visitOf(req)
      const signedUp = await this.commands.execute(new SignUpForClient(request, { email, password }, visit))
      if (signedUp.kind === 'refused') return this.pages.signUp(req, res, request, { status: 400, problem: () => signedUp.problem, name: email })
      const proof = { kind: 'signed up', userId: signedUp.userId } as const
      const outcome = await this.commands.execute(new LogIn(request, proof, visit))
      if (outcome.kind === 'wrong' || outcome.kind === 'too many' || outcome.kind === 'blocked') return this.pages.login(req, res, request, { name: email })
      return this.#loggedIn(req, res, request, outcome)
    })
  }

  @Post('consent')
  consent(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, async () => {
      const { fields, transaction, request } = await this.forms.read(req)
      const sessionId = sessionAsked(transaction, 'consent')
      if (sessionId === undefined) throw startAgain(request, 'Please start again.')
      if (fields['action'] !== 'accept') throw new AuthorizationRefused(request.target, 'access_denied', 'User did not authorize the request')
      const answer = await this.commands.execute(new AnswerConsent(request, sessionId, visitOf(req)))
      return answer ? this.loginAnswers.send(req, res, request, answer) : this.pages.login(req, res, request)
    })
  }

  @Post('account')
  account(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, async () => {
      const { fields, transaction, request } = await this.forms.read(req)
      if (fields['action'] !== 'accept') return this.pages.login(req, res, request)
      const answer = await this.commands.execute(new AnswerFromSession(request, visitOf(req), sessionAsked(transaction, 'account')))
      return this.sessionAnswers.send(req, res, request, answer)
    })
  }

  /** From one of the two pages to the other: what the person has chosen before stays. */
  @Get(['login', 'signup'])
  show(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, async () => {
      const { transaction } = req.query
      if (typeof transaction !== 'string') throw formOnly()
      const { request } = await this.forms.open(req, transaction)
      return req.path.endsWith('/signup') ? this.pages.signUp(req, res, request) : this.pages.login(req, res, request)
    })
  }

  /** Somebody opened the address of a form: there is nothing to show without the application's request. */
  @All(['login', 'signup', 'consent', 'account'])
  other(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, () => {
      throw formOnly()
    })
  }

  async #otherConnection(req: Request, res: Response, request: AuthorizeRequest, connection: string): Promise<void> {
    const parameters = { ...request.parameters, connection }
    return this.pages.login(req, res, await this.requests.read({ parameters, repeated: [] }, request))
  }

  async #loggedIn(req: Request, res: Response, request: AuthorizeRequest, outcome: LoggedIn): Promise<void> {
    if (outcome.kind !== 'consent needed' && outcome.kind !== 'organization choice needed')
      return this.loginAnswers.send(req, res, request, outcome, { loggedIn: true })
    const { sessionId, session } = outcome
    res.append('Set-Cookie', sessionCookies(this.rootKeys, this.config.issuer, sessionId, session))
    if (outcome.kind === 'organization choice needed') return this.pages.organizationPicker(req, res, request, outcome)
    return this.pages.consent(req, res, outcome.request, sessionId)
  }
}

const formOnly = (): OAuthError =>
  new OAuthError('method_not_allowed', 'Please open the application and log in from there.', undefined, { headers: { Allow: 'POST' } })
