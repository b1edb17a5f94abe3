import { Injectable } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { eventRequest, type EventTransaction, type PostLoginEvent } from '../../actions/index.js'
import type { Parameters } from '../../http/body.js'
import type { ActiveSession } from '../../sessions/index.js'
import { type Account, FindOrganizationMember, FindTenantSettings } from '../../users/index.js'
import type { AuthorizeRequest } from '../authorize-request.js'
import type { Visit } from '../caused-by.js'
import { enabledLocales, textsFor } from '../pages/language.js'
import { protocolOf } from '../response-types.js'
import { eventOrganization } from './event-organization.js'
import { PostLoginFacts, type PostLoginParties } from './post-login-facts.js'

/** A login in a browser that passed every check of its own. */
export interface BrowserLogin {
  readonly request: AuthorizeRequest
  readonly sessionId: string
  readonly session: ActiveSession
  readonly account: Account
  readonly visit: Visit
  /** Stays the same where the login is interrupted. */
  readonly transactionId: string
  /** What a browser brought back with it. */
  readonly returned?: Returned | undefined
}

/** Parameters of /continue. */
export interface Returned {
  readonly query: Parameters
  readonly body: Parameters
}

/** Tells Actions of a login (spec/actions.md §2, columns AC and SS). */
@Injectable()
export class LoginEvents {
  constructor(
    private readonly facts: PostLoginFacts,
    private readonly queries: QueryBus,
  ) {}

  /** Errors: the database's. */
  async of(login: BrowserLogin): Promise<PostLoginEvent> {
    const { request, sessionId, session, account, visit, returned } = login
    const { client, api, parameters } = request
    const { profile, createdAt, updatedAt, passwordChangedAt } = account
    const parties = {
      client,
      api,
      profile,
      createdAt,
      updatedAt,
      passwordChangedAt,
      connection: session.connection,
      organization: await this.#organization(login),
    }
    const [facts, eventSession, settings] = await Promise.all([
      this.facts.of({ ...parties, loggingIn: true }),
      this.facts.session(sessionId, session),
      this.queries.execute(new FindTenantSettings()),
    ])
    const { origin, context, method, acceptLanguage } = visit
    const { lang } = textsFor({ uiLocales: request.parameters['ui_locales'], acceptLanguage }, enabledLocales(settings))
    return {
      ...facts,
      request: eventRequest({
        ip: origin.ip,
        userAgent: origin.userAgent,
        hostname: context.hostname ?? '',
        method,
        acceptLanguage,
        ...(returned ?? { query: parameters }),
      }),
      transaction: { ...transactionOf(login), locale: lang },
      authentication: { methods: session.methods.map(({ name, at }) => ({ name, timestamp: at })) },
      session: eventSession,
    }
  }

  /** With their roles there, as they are now. One that is gone, or that they left a moment ago, is told of no more. */
  async #organization({ request: { organization }, account: { profile } }: BrowserLogin): Promise<PostLoginParties['organization']> {
    const member = organization && (await this.queries.execute(new FindOrganizationMember(organization.document.id, profile.user_id)))
    return member && eventOrganization(member)
  }
}

function transactionOf({ request: { parameters, scope, target, responseTypes }, transactionId }: BrowserLogin): EventTransaction {
  const { state, login_hint, correlation_id } = parameters
  return {
    id: transactionId,
    protocol: protocolOf(responseTypes),
    requested_scopes: scope,
    acr_values: words(parameters['acr_values']),
    ui_locales: words(parameters['ui_locales']),
    prompt: words(parameters['prompt']),
    response_type: words(parameters['response_type']),
    redirect_uri: target.redirectUri,
    response_mode: target.responseMode,
    ...(state !== undefined && { state }),
    ...(login_hint !== undefined && { login_hint }),
    ...(correlation_id !== undefined && { correlation_id }),
  }
}

const words = (text = ''): string[] => text.split(' ').filter(Boolean)
