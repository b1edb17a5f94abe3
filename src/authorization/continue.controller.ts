import { All, Controller, Get, Inject, Post, Req, Res } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import type { Request, Response } from 'express'
import { CONFIG, type Config } from '../config.js'
import { formParameters, type Parameters, readParameters } from '../http/body.js'
import { OAuthError } from '../http/oauth-error.js'
import { AuthorizationRefused } from './authorization-response.js'
import { AuthorizeRequests } from './authorize-request.js'
import { ContinueLogin } from './commands/continue-login.js'
import { TakeSuspendedLogin } from './commands/take-suspended-login.js'
import { LoginAnswers } from './login-answers.js'
import { LoginPages } from './login-pages.js'
import { bindingFrom } from './login-transaction.js'
import { PageAnswers, StartAgain } from './page-answers.js'
import { newNonce, sendPage } from './page-response.js'
import { formPostPage } from './pages/form-post.js'
import { visitOf } from './visit.js'

/** Marks a form that was sent again from here. */
const SENT_AGAIN = 'sent_again'

/** `/continue`: where browsers come back to that an Action sent elsewhere (spec/actions.md §3.4). */
@Controller('continue')
export class ContinueController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly requests: AuthorizeRequests,
    private readonly commands: CommandBus,
    private readonly answers: PageAnswers,
    private readonly loginAnswers: LoginAnswers,
    private readonly pages: LoginPages,
  ) {}

  @Get()
  get(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, () => this.#continue(req, res, formParameters(queryOf(req)), {}))
  }

  @Post()
  post(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, async () => {
      const query = formParameters(queryOf(req))
      const { [SENT_AGAIN]: sentAgain, ...body } = await readParameters(req)
      // Browsers send no cookies of ours with another site's form, but they do with one of our own.
      if (this.#binding(req) === undefined && sentAgain === undefined) return this.#sendAgain(req, res, body)
      return this.#continue(req, res, query, body)
    })
  }

  @All()
  other(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, () => {
      throw new OAuthError('method_not_allowed', 'This address does not answer that method.', undefined, { headers: { Allow: 'GET, POST' } })
    })
  }

  async #continue(req: Request, res: Response, query: Parameters, body: Parameters): Promise<void> {
    const state = query['state'] ?? body['state']
    const binding = this.#binding(req)
    const pending = state === undefined || binding === undefined ? undefined : await this.commands.execute(new TakeSuspendedLogin(state, binding))
    if (state === undefined || !pending) {
      throw new StartAgain('This login cannot be continued here: it was continued already, took too long, or is not of this browser. Please start again.')
    }
    const request = await this.requests.read({ parameters: pending.parameters, repeated: [] }, pending)
    const answer = await this.commands.execute(new ContinueLogin(request, { pending, state, query, body }, visitOf(req)))
    if (answer === undefined) return this.pages.login(req, res, request)
    if (answer.kind === 'blocked') throw new AuthorizationRefused(request.target, 'unauthorized', 'user is blocked')
    return this.loginAnswers.send(req, res, request, answer)
  }

  async #sendAgain(req: Request, res: Response, body: Parameters): Promise<void> {
    const nonce = newNonce()
    const action = `${new URL(this.config.issuer).pathname}continue?${queryOf(req)}`
    sendPage(res, 200, formPostPage({ frame: await this.answers.frame(req), action, parameters: { ...body, [SENT_AGAIN]: '1' }, nonce }), nonce)
  }

  #binding(req: Request): string | undefined {
    return bindingFrom(this.config.issuer, req.headers.cookie)
  }
}

function queryOf(req: Request): string {
  const query = req.originalUrl.indexOf('?')
  return query < 0 ? '' : req.originalUrl.slice(query + 1)
}
