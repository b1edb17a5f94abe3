import type { Json } from './app.js'
import { current } from './eventually.js'
import { answerOf, Visitor } from './visitor.js'

/** No answer came, or one that leaves open whether it happened: the connection broke, or the database was not there. */
export class NoAnswer extends Error {}

export interface Reply {
  readonly status: number
  readonly body: Json
}

/** The client that a service process is started with, for its environment. */
export const MANAGEMENT = { id: 'management', secret: 'a-secret-for-tests-0123456789' }
export const MANAGEMENT_ENVIRONMENT = { MANAGEMENT_CLIENT_ID: MANAGEMENT.id, MANAGEMENT_CLIENT_SECRET: MANAGEMENT.secret, RATE_LIMITS: 'off' }

const AUDIENCE = 'https://orders.example.com/'
const CALLBACK = 'https://app.example.com/callback'
const PERSON = { connection: 'Username-Password-Authentication', email: 'ada@example.com', password: 'Correct-Horse-1', email_verified: true }

/** A service process as apps and operators reach it, over HTTP alone. One app, one API, one person who logs in once. */
export class Outside {
  readonly #visitor: Visitor
  #client: { readonly client_id: string; readonly client_secret: string } | undefined
  #bearer: string | undefined
  #userId: string | undefined

  constructor(readonly port: number) {
    this.#visitor = new Visitor(this.#url, (input, init) => ask(input as URL, init!))
  }

  get #url(): string {
    return `http://localhost:${this.port}/`
  }

  get userId(): string {
    return this.#userId!
  }

  /** Makes the API, the app and the person, and logs them in. The app's tokens rotate and tolerate a retry for `leewaySeconds`. */
  async setUp(leewaySeconds: number): Promise<void> {
    const { id: client_id, secret: client_secret } = MANAGEMENT
    const credentials = { grant_type: 'client_credentials', client_id, client_secret, audience: `${this.#url}api/v2/` }
    this.#bearer = expectOk(await this.#post('oauth/token', credentials)).access_token as string
    const api = { name: 'Orders', identifier: AUDIENCE, scopes: [{ value: 'read:orders' }], allow_offline_access: true }
    expectOk(await this.api('POST', 'resource-servers', api))
    const rotating = { rotation_type: 'rotating', expiration_type: 'expiring', leeway: leewaySeconds, token_lifetime: 86_400, idle_token_lifetime: 43_200 }
    const app = {
      name: 'App',
      app_type: 'regular_web',
      oidc_conformant: true,
      token_endpoint_auth_method: 'client_secret_post',
      callbacks: [CALLBACK],
      grant_types: ['authorization_code', 'refresh_token'],
      refresh_token: rotating,
    }
    const made = expectOk(await this.api('POST', 'clients', app))
    this.#client = { client_id: made.client_id as string, client_secret: made.client_secret as string }
    this.#userId = expectOk(await this.api('POST', 'users', PERSON)).user_id as string
    const page = await this.#visitor.get(this.#authorize())
    await this.#visitor.submit(page, { username: PERSON.email, password: PERSON.password, action: 'default' })
  }

  /** A new login of the same person, by their session: answers the app's first refresh token. Errors: NoAnswer. */
  async logInAgain(): Promise<string> {
    const answer = await this.#visitor.get(this.#authorize('none'))
    const { code } = answerOf(answer)
    if (code === undefined) throw new Error(`the session was not known: ${answer.location?.href}`)
    const reply = await this.#post('oauth/token', { ...this.#client, grant_type: 'authorization_code', code, redirect_uri: CALLBACK })
    return expectOk(reply).refresh_token as string
  }

  /** Errors: NoAnswer. */
  refresh(refreshToken: string): Promise<Reply> {
    return this.#post('oauth/token', { ...this.#client, grant_type: 'refresh_token', refresh_token: refreshToken })
  }

  /** Errors: NoAnswer. */
  revoke(token: string): Promise<Reply> {
    return this.#post('oauth/revoke', { ...this.#client, token })
  }

  /** A call of the Management API. Errors: NoAnswer. */
  async api(method: string, path: string, body?: object): Promise<Reply> {
    const headers = { authorization: `Bearer ${this.#bearer}`, ...(body && { 'content-type': 'application/json' }) }
    const address = new URL(`api/v2/${path}`, this.#url)
    return reply(await current(() => ask(address, { method, headers, ...(body && { body: JSON.stringify(body) }) })))
  }

  async #post(path: string, members: object): Promise<Reply> {
    return reply(await ask(new URL(path, this.#url), { method: 'POST', body: new URLSearchParams(Object.entries(members)) }))
  }

  #authorize(prompt?: string): string {
    const parameters = { client_id: this.#client!.client_id, response_type: 'code', redirect_uri: CALLBACK, audience: AUDIENCE }
    return `/authorize?${new URLSearchParams({ ...parameters, scope: 'openid offline_access read:orders', ...(prompt && { prompt }) }).toString()}`
  }
}

async function ask(address: URL, init: RequestInit): Promise<Response> {
  const response = await fetch(address, init).catch((cause: unknown) => {
    throw new NoAnswer(`no answer from ${address.pathname}`, { cause })
  })
  if (response.status === 503) throw new NoAnswer(`503 from ${address.pathname}`)
  return response
}

/** The head may have come, and the rest never. */
async function reply(response: Response): Promise<Reply> {
  const text = await response.text().catch((cause: unknown) => {
    throw new NoAnswer('half an answer', { cause })
  })
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

function expectOk({ status, body }: Reply): Json {
  if (status >= 300) throw new Error(`${status}: ${JSON.stringify(body)}`)
  return body
}
