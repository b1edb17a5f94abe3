import type { IssuanceDecisions } from '../../src/actions/index.js'
import { type ClientDocument, type DecidedByActions, RedeemAuthorizationCode } from '../../src/authorization/index.js'
import { PersonKeys } from '../../src/keys/person-keys.js'
import { type ActiveSession, FindSessionById } from '../../src/sessions/index.js'
import { ActionsScene } from './actions.js'
import { type Json, startApp, type TestApp } from './app.js'
import { eventually } from './eventually.js'
import { PKCE } from './logins.js'
import { aClient, anApi, aPerson, authorizeUrl, CALLBACK, PASSWORD } from './people.js'
import { answerOf, type Page, Visitor } from './visitor.js'

export const SCOPE = 'openid profile email offline_access read:plants'

/** A service with an application and an API, whose post-login Actions see people log in. */
export class ActionLogins {
  private constructor(
    readonly service: TestApp,
    readonly scene: ActionsScene,
    readonly client: ClientDocument,
    readonly audience: string,
  ) {}

  static async start(): Promise<ActionLogins> {
    const service = await startApp({ ACTIONS_TIMEOUT_MS: '4000' })
    return new ActionLogins(service, new ActionsScene(service), await aClient(service, { client_metadata: { tier: 'gold' } }), await anApi(service))
  }

  visitor(): Visitor {
    return new Visitor(this.service.url)
  }

  /** Opens /authorize, and logs in where that is asked. */
  async enter(who: Visitor, email: string, more: Record<string, string> = {}, app = this.client): Promise<Page> {
    const page = await who.get(authorizeUrl(app, { scope: SCOPE, audience: this.audience, ...PKCE, ...more }))
    return page.html.includes('name="password"') ? who.submit(page, { username: email, password: PASSWORD, action: 'default' }) : page
  }

  /** Logs a new person in; their browser, the answer, and their session. */
  async firstLogin(more: Record<string, string> = {}): Promise<{ who: Visitor; person: { userId: string; email: string }; page: Page; sessionId: string }> {
    const person = await aPerson(this.service)
    const who = this.visitor()
    const page = await this.enter(who, person.email, more)
    return { who, person, page, sessionId: sessionIdOf(who) }
  }

  /** What the Actions decided for the tokens of the answer's code. */
  async decisionsOf(page: Page): Promise<IssuanceDecisions & { readonly execution: DecidedByActions['execution'] }> {
    const { commands, app } = this.service
    const exchange = { code: answerOf(page)['code']!, clientId: this.client.client_id, redirectUri: CALLBACK, codeVerifier: 'x'.repeat(43), familyId: 'f1' }
    const redeemed = await commands.execute(new RedeemAuthorizationCode(exchange, {}))
    if (redeemed.kind !== 'redeemed' || !redeemed.grant.actions) throw new Error(`nothing was decided: ${JSON.stringify(redeemed)}`)
    const { decisions, execution } = redeemed.grant.actions
    return { ...(await app.get(PersonKeys).open<IssuanceDecisions>(decisions))!, execution }
  }

  async userMetadata(userId: string): Promise<Json> {
    return (await this.service.api('GET', `users/${encodeURIComponent(userId)}`)).body.user_metadata
  }

  async shownSession(id: string): Promise<Json> {
    return (await this.service.api('GET', `sessions/${id}`)).body
  }

  session(id: string): Promise<ActiveSession | undefined> {
    return this.service.queries.execute(new FindSessionById(id))
  }

  /** The log's entries of a person, oldest first, once there is one of this kind. */
  logsOf(userId: string, type: string): Promise<Json[]> {
    return eventually(async () => {
      const { body } = await this.service.api('GET', `logs?q=${encodeURIComponent(`user_id:"${userId}"`)}&sort=date:1`)
      return body.some((entry: Json) => entry.type === type) && body
    })
  }
}

export const sessionIdOf = (who: Visitor): string => who.cookies.get('auth0')?.split('.')[0] ?? ''

export const only = (logs: Json[], ...types: string[]): Json[] => logs.filter(({ type }) => types.includes(type))
