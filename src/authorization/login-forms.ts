import { Inject, Injectable } from '@nestjs/common'
import type { Request } from 'express'
import { CONFIG, type Config } from '../config.js'
import { formParameters, type Parameters, readText } from '../http/body.js'
import { OAuthError } from '../http/oauth-error.js'
import { RootKeys } from '../keys/root-key.js'
import { type AuthorizeRequest, AuthorizeRequests } from './authorize-request.js'
import { bindingFrom, type LoginTransaction, openTransaction } from './login-transaction.js'
import { StartAgain } from './page-answers.js'

const MAX_BODY = 100_000

/** What a page's form or link carries. */
interface LoginStep {
  readonly transaction: LoginTransaction
  readonly request: AuthorizeRequest
}

interface LoginForm extends LoginStep {
  readonly fields: Parameters
}

/** Reads the forms of the pages on which a person acts. */
@Injectable()
export class LoginForms {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly rootKeys: RootKeys,
    private readonly requests: AuthorizeRequests,
  ) {}

  /** Errors: those of `open`. */
  async read(req: Request): Promise<LoginForm> {
    if (!req.is('application/x-www-form-urlencoded')) throw new OAuthError('invalid_request', 'The content type must be application/x-www-form-urlencoded.')
    const fields = formParameters(await readText(req, MAX_BODY))
    return { fields, ...(await this.open(req, fields['transaction'])) }
  }

  /**
   * The request is read anew, so that a client that was changed or deleted since the page was shown gets what it gets now. Errors: StartAgain for a
   * page of another browser or of too long ago; OAuthError; RequestRefused; AuthorizationRefused.
   */
  async open(req: Request, sealed: string | undefined): Promise<LoginStep> {
    const binding = bindingFrom(this.config.issuer, req.headers.cookie)
    if (binding === undefined || sealed === undefined)
      throw new StartAgain('This page does not belong to this browser. Please start again, with cookies allowed.')
    const opened = openTransaction(this.rootKeys, sealed, binding, Date.now())
    if (opened === undefined) throw new StartAgain('This page does not belong to this browser, or was changed. Please start again.')
    const { transaction, expired } = opened
    const request = await this.requests.read({ parameters: transaction.parameters, repeated: [] }, transaction)
    if (expired) throw startAgain(request, 'This page was open for too long. Please start again.')
    return { transaction, request }
  }
}

export function startAgain({ client }: AuthorizeRequest, description: string): StartAgain {
  const url = client['initiate_login_uri']
  return new StartAgain(description, typeof url === 'string' && url.startsWith('https://') ? url : undefined)
}
