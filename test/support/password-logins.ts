import type { ClientDocument } from '../../src/authorization/index.js'
import { type Json, startApp, type TestApp } from './app.js'
import { eventually } from './eventually.js'
import { type Answer, claimsOf, OAuthScene, ROTATING, SECRET } from './oauth.js'
import { aClient, anApi, authorizeUrl, PASSWORD } from './people.js'
import { type Page, Visitor } from './visitor.js'

export const REALM_GRANT = 'http://auth0.com/oauth/grant-type/password-realm'
const GRANTS = ['password', REALM_GRANT, 'authorization_code', 'refresh_token']
export const WRONG = { status: 403, body: { error: 'invalid_grant', error_description: 'Wrong email or password.' } }

/** A service with an API and a confidential client that passes on people's passwords. */
export class PasswordLogins {
  private constructor(
    readonly service: TestApp,
    readonly scene: OAuthScene,
    readonly audience: string,
    readonly client: ClientDocument,
  ) {}

  static async start(env: Record<string, string> = {}): Promise<PasswordLogins> {
    const service = await startApp(env)
    return new PasswordLogins(service, new OAuthScene(service), await anApi(service), await confidential(service))
  }

  /** A further client, confidential unless `members` say otherwise. */
  other(members: Partial<ClientDocument> = {}): Promise<ClientDocument> {
    return confidential(this.service, members)
  }

  /** POST /oauth/token for the API with somebody's address and PASSWORD; what `more` has as '' is left out. */
  login({ email }: { readonly email: string }, more: Record<string, string> = {}, client = this.client, headers: Record<string, string> = {}): Promise<Answer> {
    const asked = { grant_type: 'password', username: email, password: PASSWORD, audience: this.audience, ...more }
    return this.scene.token(client, asked, headers)
  }

  /** The login page's form, filled in from an address. */
  async form({ email }: { readonly email: string }, password: string, from: string, client = this.client): Promise<Page> {
    const headers = { 'x-forwarded-for': from }
    const who = new Visitor(this.service.url, (url, init) => fetch(url, { ...init, headers: { ...init?.headers, ...headers } }))
    return who.submit(await who.get(authorizeUrl(client)), { username: email, password, action: 'default' })
  }

  /** The log's entries that a search finds, oldest first, once there are `count`. */
  entries(q: string, count = 1): Promise<Json[]> {
    return eventually(async () => {
      const { body } = await this.service.api('GET', `logs?q=${encodeURIComponent(q)}&sort=log_id:1`)
      return body.length >= count && body
    })
  }

  async user(userId: string): Promise<Json> {
    return (await this.service.api('GET', `users/${encodeURIComponent(userId)}`)).body
  }

  async refreshTokens(userId: string): Promise<Json[]> {
    return (await this.service.api('GET', `users/${encodeURIComponent(userId)}/refresh-tokens`)).body.tokens
  }
}

const confidential = (service: TestApp, members: Partial<ClientDocument> = {}): Promise<ClientDocument> =>
  aClient(service, { token_endpoint_auth_method: 'client_secret_post', grant_types: GRANTS, refresh_token: ROTATING, ...members }, SECRET)

export const access = ({ body }: Answer): Json => claimsOf(body.access_token)
export const identity = ({ body }: Answer): Json => claimsOf(body.id_token)
