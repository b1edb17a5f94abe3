import { Inject, Injectable } from '@nestjs/common'
import type { Request, Response } from 'express'
import { CONFIG, type Config } from '../config.js'
import type { Parameters } from '../http/body.js'
import { PersonKeys } from '../keys/person-keys.js'
import { RootKeys } from '../keys/root-key.js'
import type { AuthorizeRequest } from './authorize-request.js'
import { isSignUpOpen } from './sign-up-open.js'
import { openProfiles, type OrganizationDocument, type UserProfile } from '../users/index.js'
import { bindingFrom, type LoginTransaction, newBinding, sealTransaction } from './login-transaction.js'
import { needsOrganization } from './organization-choices.js'
import { grantedScope } from './granted-scope.js'
import { PageAnswers } from './page-answers.js'
import { sendPage } from './page-response.js'
import { chooseAccountPage } from './pages/choose-account.js'
import { confirmLogoutPage } from './pages/confirm-logout.js'
import { consentPage } from './pages/consent.js'
import type { PageFrame } from './pages/layout.js'
import { loginPage } from './pages/login.js'
import { organizationNamePage, organizationPickerPage } from './pages/organization.js'
import { signUpPage } from './pages/sign-up.js'
import type { Texts } from './pages/texts.js'

/** What the person sees again after a form that was not accepted. */
interface Again {
  readonly status?: number
  readonly problem?: (texts: Texts) => string
  readonly name?: string
}

/** The session that a person may go on with, and whose it is. */
interface AccountChoice {
  readonly sessionId: string
  readonly profile: UserProfile
}

/** The session of somebody who is to say in whose name they go on, and what there is. */
interface OrganizationsOffered {
  readonly sessionId: string
  readonly organizations: readonly OrganizationDocument[]
}

type TransactionRequest = Pick<AuthorizeRequest, 'parameters' | 'startedAt'> & Partial<Pick<AuthorizeRequest, 'organizationDeclined'>>

/** Shows the pages on which a person acts, each with the transaction for its next step. */
@Injectable()
export class LoginPages {
  readonly #base: string

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly rootKeys: RootKeys,
    private readonly answers: PageAnswers,
    private readonly personKeys: PersonKeys,
  ) {
    // Without the host, so that a form goes where its page came from, with its cookies.
    this.#base = new URL(config.issuer).pathname
  }

  async login(req: Request, res: Response, request: AuthorizeRequest, { status = 200, problem, name }: Again = {}): Promise<void> {
    const { connection, connections, client } = request
    const frame = await this.#frame(req, request)
    const transaction = this.#transaction(req, res, request)
    const view = {
      frame,
      clientName: client.name,
      action: `${this.#base}u/login`,
      transaction,
      username: name ?? request.loginHint ?? '',
      takesUsernames: connection.options['requires_username'] === true,
      problem: problem?.(frame.texts),
      signUpUrl: isSignUpOpen(request) ? this.#link('signup', transaction) : undefined,
      others: connections.filter((other) => other.name !== connection.name).map((other) => ({ name: other.name, label: other.display_name ?? other.name })),
    }
    sendPage(res, status, loginPage(view))
  }

  async signUp(req: Request, res: Response, request: AuthorizeRequest, { status = 200, problem, name }: Again = {}): Promise<void> {
    if (!isSignUpOpen(request)) return this.login(req, res, request)
    const frame = await this.#frame(req, request)
    const transaction = this.#transaction(req, res, request)
    const view = {
      frame,
      clientName: request.client.name,
      action: `${this.#base}u/signup`,
      transaction,
      email: name ?? request.loginHint ?? '',
      problem: problem?.(frame.texts),
      loginUrl: this.#link('login', transaction),
    }
    sendPage(res, status, signUpPage(view))
  }

  async organizationName(req: Request, res: Response, request: AuthorizeRequest, { status = 200, problem, name = '' }: Again = {}): Promise<void> {
    const view = { ...(await this.#organizationView(req, res, request)), action: `${this.#base}u/organization-selection`, name }
    sendPage(res, status, organizationNamePage({ ...view, problem: problem?.(view.frame.texts) }))
  }

  async organizationPicker(req: Request, res: Response, request: AuthorizeRequest, { sessionId, organizations }: OrganizationsOffered): Promise<void> {
    const view = await this.#organizationView(req, res, request, { id: sessionId, asked: 'organization' })
    const offered = organizations.map(({ id, name, display_name: label }) => ({ id, label: label || name }))
    sendPage(res, 200, organizationPickerPage({ ...view, action: `${this.#base}u/organization-picker`, organizations: offered }))
  }

  async #organizationView(req: Request, res: Response, request: AuthorizeRequest, session?: LoginTransaction['session']) {
    const transaction = this.#transaction(req, res, request, session)
    return { frame: await this.#frame(req, request), clientName: request.client.name, transaction, mayDecline: !needsOrganization(request) }
  }

  async consent(req: Request, res: Response, request: AuthorizeRequest, sessionId: string): Promise<void> {
    const { api, client, clientGrantScope, scope: requested } = request
    // All that anybody could give: never less than what is given.
    const scope = grantedScope({ requested, client, api, clientGrantScope, administrator: true })
    const frame = await this.#frame(req, request)
    const permissions = scope
      .filter((value) => value !== 'openid')
      .map((value) => frame.texts.consent.permissions[value] ?? api?.scopes.find((known) => known.value === value)?.description ?? value)
    const view = {
      frame,
      clientName: client.name,
      action: `${this.#base}u/consent`,
      transaction: this.#transaction(req, res, request, { id: sessionId, asked: 'consent' }),
      permissions,
    }
    sendPage(res, 200, consentPage(view))
  }

  async chooseAccount(req: Request, res: Response, request: AuthorizeRequest, { sessionId, profile }: AccountChoice): Promise<void> {
    const [person] = await openProfiles(this.personKeys, [profile])
    const { email, username, name } = person!
    const view = {
      frame: await this.#frame(req, request),
      clientName: request.client.name,
      action: `${this.#base}u/account`,
      transaction: this.#transaction(req, res, request, { id: sessionId, asked: 'account' }),
      account: [email, username, name].find((known) => typeof known === 'string') ?? profile.user_id,
    }
    sendPage(res, 200, chooseAccountPage(view))
  }

  async confirmLogout(req: Request, res: Response, parameters: Parameters, sessionId: string): Promise<void> {
    const frame = await this.#frame(req, { parameters })
    const transaction = this.#transaction(req, res, { parameters, startedAt: Date.now() }, { id: sessionId, asked: 'logout' })
    sendPage(res, 200, confirmLogoutPage({ frame, action: `${this.#base}u/logout`, transaction }))
  }

  #frame(req: Request, { parameters }: Pick<AuthorizeRequest, 'parameters'>): Promise<PageFrame> {
    return this.answers.frame(req, parameters['ui_locales'])
  }

  #transaction(req: Request, res: Response, request: TransactionRequest, session?: LoginTransaction['session']): string {
    const { parameters, startedAt, organizationDeclined } = request
    const { issuer } = this.config
    let binding = bindingFrom(issuer, req.headers.cookie)
    if (binding === undefined) {
      const fresh = newBinding(issuer)
      binding = fresh.binding
      res.append('Set-Cookie', fresh.cookie)
    }
    const transaction = { parameters, startedAt, ...(session && { session }), ...(organizationDeclined && { organizationDeclined }) }
    return sealTransaction(this.rootKeys, transaction, binding)
  }

  /** Another page of the same login. */
  #link(page: 'login' | 'signup', transaction: string): string {
    return `${this.#base}u/${page}?${new URLSearchParams({ transaction }).toString()}`
  }
}
