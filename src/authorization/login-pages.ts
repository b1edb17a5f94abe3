import { Inject, Injectable } from '@nestjs/common'
import type { Request, Response } from 'express'
import { CONFIG, type Config } from '../config.js'
import { RootKeys } from '../keys/root-key.js'
import type { AuthorizeRequest } from './authorize-request.js'
import { bindingFrom, newBinding, sealTransaction } from './login-transaction.js'
import { grantedScope } from './granted-scope.js'
import { PageAnswers } from './page-answers.js'
import { sendPage } from './page-response.js'
import { consentPage } from './pages/consent.js'
import { loginPage } from './pages/login.js'
import { signUpPage } from './pages/sign-up.js'

/** What the person sees again after a form that was not accepted. */
interface Again {
  readonly status?: number
  readonly problem?: string
  readonly name?: string
}

/** What scopes mean to a person. */
const MEANINGS: Readonly<Record<string, string>> = {
  profile: 'See your profile: name, nickname and picture',
  email: 'See your email address',
  address: 'See your postal address',
  phone: 'See your phone number',
  offline_access: 'Keep access while you are away',
}

/** Shows the pages on which a person acts, each with the transaction for its next step. */
@Injectable()
export class LoginPages {
  readonly #base: string

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly rootKeys: RootKeys,
    private readonly answers: PageAnswers,
  ) {
    // Without the host, so that a form goes where its page came from, with its cookies.
    this.#base = new URL(config.issuer).pathname
  }

  async login(req: Request, res: Response, request: AuthorizeRequest, { status = 200, problem, name }: Again = {}): Promise<void> {
    const { connection, connections, client } = request
    const view = {
      tenantName: await this.answers.tenantName(),
      clientName: client.name,
      action: `${this.#base}u/login`,
      transaction: this.#transaction(req, res, request),
      username: name ?? request.loginHint ?? '',
      takesUsernames: connection.options['requires_username'] === true,
      problem,
      signUpUrl: connection.options['disable_signup'] === true ? undefined : this.#url(request, 'signup'),
      others: connections.filter((other) => other.name !== connection.name).map((other) => ({ name: other.name, label: other.display_name ?? other.name })),
    }
    sendPage(res, status, loginPage(view))
  }

  async signUp(req: Request, res: Response, request: AuthorizeRequest, { status = 200, problem, name }: Again = {}): Promise<void> {
    if (request.connection.options['disable_signup'] === true) return this.login(req, res, request)
    const view = {
      tenantName: await this.answers.tenantName(),
      clientName: request.client.name,
      action: `${this.#base}u/signup`,
      transaction: this.#transaction(req, res, request),
      email: name ?? request.loginHint ?? '',
      problem,
      loginUrl: this.#url(request, 'login'),
    }
    sendPage(res, status, signUpPage(view))
  }

  async consent(req: Request, res: Response, request: AuthorizeRequest, sessionId: string): Promise<void> {
    const { api, client, clientGrantScope, scope: requested } = request
    // All that anybody could give: never less than what is given.
    const scope = grantedScope({ requested, client, api, clientGrantScope, administrator: true })
    const permissions = scope
      .filter((value) => value !== 'openid')
      .map((value) => MEANINGS[value] ?? api?.scopes.find((known) => known.value === value)?.description ?? value)
    const view = {
      tenantName: await this.answers.tenantName(),
      clientName: client.name,
      action: `${this.#base}u/consent`,
      transaction: this.#transaction(req, res, request, sessionId),
      permissions,
    }
    sendPage(res, 200, consentPage(view))
  }

  #transaction(req: Request, res: Response, { parameters }: AuthorizeRequest, sessionId?: string): string {
    const { issuer } = this.config
    let binding = bindingFrom(issuer, req.headers.cookie)
    if (binding === undefined) {
      const fresh = newBinding(issuer)
      binding = fresh.binding
      res.append('Set-Cookie', fresh.cookie)
    }
    const transaction = { parameters, startedAt: Date.now(), ...(sessionId !== undefined && { sessionId }) }
    return sealTransaction(this.rootKeys, transaction, binding)
  }

  /** The same request, with another page first. */
  #url({ parameters }: AuthorizeRequest, screen: 'login' | 'signup'): string {
    return `${this.#base}authorize?${new URLSearchParams({ ...parameters, screen_hint: screen }).toString()}`
  }
}
