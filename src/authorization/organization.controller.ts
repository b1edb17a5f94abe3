import { All, Controller, Post, Req, Res } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import type { Request, Response } from 'express'
import { OAuthError } from '../http/oauth-error.js'
import type { AuthorizeRequest } from './authorize-request.js'
import { AnswerFromSession } from './commands/answer-from-session.js'
import { LoginForms, startAgain } from './login-forms.js'
import { LoginPages } from './login-pages.js'
import { sessionAsked } from './login-transaction.js'
import { needsOrganization, OrganizationChoices } from './organization-choices.js'
import { PageAnswers } from './page-answers.js'
import { SessionAnswers } from './session-answers.js'
import { visitOf } from './visit.js'

/** Takes the forms on which people say in whose name they log in, by the names of Auth0's pages. */
@Controller('u')
export class OrganizationController {
  constructor(
    private readonly forms: LoginForms,
    private readonly choices: OrganizationChoices,
    private readonly commands: CommandBus,
    private readonly answers: PageAnswers,
    private readonly pages: LoginPages,
    private readonly sessionAnswers: SessionAnswers,
  ) {}

  /** Before the login. */
  @Post('organization-selection')
  name(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, async () => {
      const { fields, request } = await this.forms.read(req)
      if (request.organizationPrompt !== 'before login') throw startAgain(request, 'Please start again.')
      if (fields['action'] === 'decline' && !needsOrganization(request)) return this.#goOn(req, res, await this.choices.declined(request))
      const name = fields['organization']?.trim() ?? ''
      if (name === '') return this.pages.organizationName(req, res, request, { status: 400, problem: ({ organization }) => organization.incomplete })
      const named = await this.choices.named(request, name)
      if (named) return this.#goOn(req, res, named)
      return this.pages.organizationName(req, res, request, { status: 400, problem: ({ organization }) => organization.unknown, name })
    })
  }

  /** After it. Whether they belong to the one that they pick is looked at again. */
  @Post('organization-picker')
  pick(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, async () => {
      const { fields, transaction, request } = await this.forms.read(req)
      const sessionId = sessionAsked(transaction, 'organization')
      if (request.organizationPrompt !== 'after login' || sessionId === undefined) throw startAgain(request, 'Please start again.')
      const declines = fields['action'] === 'decline' && !needsOrganization(request)
      const picked = declines ? await this.choices.declined(request) : await this.choices.picked(request, fields['organization'] ?? '')
      if (!picked) throw startAgain(request, 'This organization cannot be chosen here. Please start again.')
      return this.#goOn(req, res, picked, sessionId)
    })
  }

  @All(['organization-selection', 'organization-picker'])
  other(@Req() req: Request, @Res() res: Response): Promise<void> {
    return this.answers.answering(req, res, () => {
      throw new OAuthError('method_not_allowed', 'Please open the application and log in from there.', undefined, { headers: { Allow: 'POST' } })
    })
  }

  async #goOn(req: Request, res: Response, request: AuthorizeRequest, chosen?: string): Promise<void> {
    return this.sessionAnswers.send(req, res, request, await this.commands.execute(new AnswerFromSession(request, visitOf(req), chosen)))
  }
}
