import type { ClientDocument } from '../../../src/authorization/index.js'
import type { Json, TestApp } from '../../support/app.js'
import { aClient, anApi, aPerson, authorizeUrl, CALLBACK, PASSWORD } from '../../support/people.js'
import { answerOf, Visitor } from '../../support/visitor.js'

export interface Login {
  readonly who: Visitor
  readonly userId: string
  readonly sessionId: string
  readonly tokens: Json
  readonly app: ClientDocument
}

type Answer = Promise<{ readonly status: number; readonly body: Json }>

export const UNKNOWN = { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' }

/** Logins that bring online refresh tokens of a public client for an API. */
export class OnlineLogins {
  private constructor(
    private readonly service: TestApp,
    readonly client: ClientDocument,
    readonly audience: string,
  ) {}

  static async of(service: TestApp): Promise<OnlineLogins> {
    return new OnlineLogins(service, await aClient(service), await anApi(service, { allow_online_access: true }))
  }

  async token(app: ClientDocument, parameters: Record<string, string>, base = this.service.url): Answer {
    const body = new URLSearchParams({ client_id: app.client_id, ...parameters })
    const res = await fetch(`${base}oauth/token`, { method: 'POST', body })
    return { status: res.status, body: await res.json() }
  }

  /** Through the form, or from the session that `who` has already. */
  async logIn({
    app = this.client,
    api = this.audience,
    scope = 'openid online_access read:plants',
    who = new Visitor(this.service.url),
    attributes = {},
  } = {}): Promise<Login> {
    const { userId, email } = await aPerson(this.service, { attributes })
    const first = await who.get(authorizeUrl(app, { scope, audience: api }))
    const page = first.location ? first : await who.submit(first, { username: email, password: PASSWORD })
    const redeemed = await this.token(app, { grant_type: 'authorization_code', code: answerOf(page)['code']!, redirect_uri: CALLBACK })
    expect(redeemed.status).toBe(200)
    return { who, userId, sessionId: who.cookies.get('auth0')!.split('.')[0]!, tokens: redeemed.body, app }
  }

  exchange({ app, tokens }: Login, more: Record<string, string> = {}, base = this.service.url): Answer {
    return this.token(app, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, ...more }, base)
  }

  async works(login: Login): Promise<boolean> {
    const { status, body } = await this.exchange(login)
    if (status !== 200) expect({ status, body }).toEqual({ status: 403, body: UNKNOWN })
    return status === 200
  }
}
