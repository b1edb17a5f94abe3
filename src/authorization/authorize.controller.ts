import { All, Controller, Get, Post, Req, Res } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import type { Request, Response } from 'express'
import { readText } from '../http/body.js'
import { OAuthError } from '../http/oauth-error.js'
import { readRawRequest, type RawRequest } from './authorize-parameters.js'
import { AuthorizeRequests } from './authorize-request.js'
import { AnswerFromSession } from './commands/answer-from-session.js'
import { PageAnswers } from './page-answers.js'
import { SessionAnswers } from './session-answers.js'
import { visitOf } from './visit.js'

const MAX_BODY = 100_000

/** `/authorize` (spec/oauth.md §4): answers from the browser's session, or shows the page on which a person acts. */
@Controller('authorize')
export class AuthorizeController {
  constructor(
    private readonly requests: AuthorizeRequests,
    private readonly commands: CommandBus,
    private readonly answers: PageAnswers,
    private readonly sessionAnswers: SessionAnswers,
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
    const answer = await this.commands.execute(new AnswerFromSession(request, visitOf(req)))
    await this.sessionAnswers.send(req, res, request, answer)
  }
}
