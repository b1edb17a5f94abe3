import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type Allowed, type PostLoginEvent, replayMetadata } from '../../src/actions/index.js'
import type { ClientDocument } from '../../src/authorization/index.js'
import { ActionsScene } from './actions.js'
import { type Json, startApp, type TestApp } from './app.js'
import { eventually } from './eventually.js'
import { PKCE, redeemCode } from './logins.js'
import { type Answer, OAuthScene, ROTATING, SECRET } from './oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, DIRECTORY, PASSWORD } from './people.js'
import { ROOT } from './service.js'
import { answerOf, type Page, Visitor } from './visitor.js'

/** Where all requests of the conformance cases come from. */
const FROM = { 'x-forwarded-for': '192.0.2.9', 'user-agent': 'Firefox/140' }
const AUDIENCE = 'https://api.example.com'
const DAY = 86_400

export interface Login {
  readonly who: Visitor
  readonly userId: string
  readonly email: string
  /** What the application is told. */
  readonly answer: Record<string, string>
}
export interface Tokens {
  readonly userId: string
  /** Of the refresh token, at the Management API. */
  readonly id: string
  readonly refreshToken: string
}

export const sample = (name: string): string => readFileSync(path.join(ROOT, 'test/support/sample-actions', `${name}.js`), 'utf8')

export const PREFIX = 'Failed to set refresh token metadata: Invalid metadata: '
export const denial = (error_description: string) => ({ status: 403, body: { error: 'access_denied', error_description } })

/** Nothing that an Action asked for is to be done. */
export const NOTHING = { user: { user_metadata: {}, app_metadata: {} }, session: { operations: [] }, methods: [], revokeRefreshToken: false }

/** Tries the calls that the request tells it, so that many are tried without building an Action for each. */
const TRIES = `
const AsyncFunction = (async () => {}).constructor
exports.onExecutePostLogin = async (event, api) => {
  const out = []
  for (const call of event.request.query.calls) {
    try { await new AsyncFunction('event', 'api', call)(event, api); out.push('') } catch (e) { out.push(e.message) }
  }
  api.idToken.setCustomClaim('out', out)
}`

/** The set-up of the conformance cases (spec/actions.md §10): a confidential client whose tokens rotate, an API, people. */
export class Conformance extends ActionsScene {
  readonly oauth: OAuthScene
  #tries: Json

  private constructor(
    service: TestApp,
    readonly client: ClientDocument,
  ) {
    super(service)
    this.oauth = new OAuthScene(service)
  }

  static async start(env: Record<string, string> = {}): Promise<Conformance> {
    const service = await startApp(env)
    await anApi(service, { identifier: AUDIENCE, allow_online_access: true })
    return new Conformance(service, await confidential(service))
  }

  /** A further client like the first. */
  otherClient(): Promise<ClientDocument> {
    return confidential(this.service)
  }

  /** Somebody new at /authorize, with `openid offline_access` unless said otherwise. */
  async login(more: Record<string, string> = {}, prepare: (userId: string) => Promise<unknown> = () => Promise.resolve(), app = this.client): Promise<Login> {
    const { userId, email } = await aPerson(this.service)
    await prepare(userId)
    const who = new Visitor(this.service.url, (url, init) => fetch(url, { ...init, headers: { ...init?.headers, ...FROM } }))
    return { who, userId, email, answer: await this.enter(who, email, more, app) }
  }

  /** /authorize in a browser that may have a session. */
  async enter(who: Visitor, email: string, more: Record<string, string> = {}, app = this.client): Promise<Record<string, string>> {
    const url = authorizeUrl(app, { scope: 'openid offline_access', audience: AUDIENCE, ...PKCE, ...more })
    const page: Page = await who.get(url)
    return answerOf(page.html.includes('name="password"') ? await who.submit(page, { username: email, password: PASSWORD, action: 'default' }) : page)
  }

  /** Exchanges the code, which must be there. */
  async redeem({ code, ...refused }: Record<string, string>, app = this.client): Promise<Answer> {
    if (code === undefined) throw new Error(`refused: ${JSON.stringify(refused)}`)
    const answer = await redeemCode(this.service, app, code)
    if (answer.status !== 200) throw new Error(`not redeemed: ${JSON.stringify(answer.body)}`)
    return answer
  }

  /** A refresh token as after a login, with this metadata. */
  async holder(metadata?: Record<string, string>, app = this.client): Promise<Tokens> {
    const userId = await this.oauth.user()
    const over = { audience: AUDIENCE, scope: ['openid', 'offline_access', 'read:plants'], ...(metadata && { metadata }) }
    const { refreshToken, familyId } = await this.oauth.refreshToken(app, userId, over)
    return { userId, id: familyId, refreshToken }
  }

  refresh(refreshToken: string, app = this.client): Promise<Answer> {
    return this.oauth.token(app, { grant_type: 'refresh_token', refresh_token: refreshToken }, FROM)
  }

  /** Exchanges what must be refused; the refresh token stays as it was, by its stream's row. */
  async refused({ id, refreshToken }: Tokens): Promise<{ status: number; body: unknown }> {
    const row = async (): Promise<unknown> =>
      (await this.service.pool.query('select version, state from streams where id = $1', [`refresh_token_family-${id}`])).rows
    const before = await row()
    const { status, body } = await this.refresh(refreshToken)
    const after = await row()
    if (JSON.stringify(after) !== JSON.stringify(before)) throw new Error(`the refresh token changed: ${JSON.stringify({ before, after })}`)
    return { status, body }
  }

  /** The refresh token as the Management API shows it. */
  async record(id: string): Promise<Json> {
    return (await this.service.api('GET', `refresh-tokens/${id}`)).body
  }

  /** The newest refresh token of a person. */
  async recordOf(userId: string): Promise<Json> {
    const [{ id }] = (await this.service.api('GET', `users/${encodeURIComponent(userId)}/refresh-tokens`)).body.tokens
    return this.record(id)
  }

  async userMetadata(userId: string): Promise<Json> {
    return (await this.service.api('GET', `users/${encodeURIComponent(userId)}`)).body.user_metadata ?? {}
  }

  /** The newest entry of this type about a person, once there is one. */
  entry(type: string, userId: string): Promise<Json> {
    const query = encodeURIComponent(`type:${type} AND user_id:"${userId}"`)
    return eventually(async () => (await this.service.api('GET', `logs?q=${query}&sort=date:-1`)).body[0])
  }

  execution(id: string): Promise<Json> {
    return eventually(async () => {
      const { status, body } = await this.service.api('GET', `actions/executions/${id}`)
      return status === 200 && body
    })
  }

  /** The execution that a log entry of this type tells of. */
  async executionOf(type: string, userId: string): Promise<Json> {
    return this.execution((await this.entry(type, userId)).details.actions.executions[0])
  }

  /** What each call on `api`, or on a part of it, throws, in one execution: a mistake that is caught leaves the rest as it was. */
  async thrown(event: PostLoginEvent, calls: readonly string[], part?: string): Promise<unknown> {
    const on = part === undefined ? 'api' : `api.${part}`
    this.#tries ??= await this.deployed(TRIES)
    await this.bind('post-login', this.#tries)
    const asked = { ...event, request: { ...event.request, query: { calls: calls.map((call) => `${on}.${call}`) as unknown as string } } }
    return (await this.allowed(asked)).claims.idToken['out']
  }
}

/** What the refresh token's metadata would be after it. */
export const metadataOf = ({ refreshToken }: Allowed, before: Record<string, string> = {}): Record<string, string> =>
  replayMetadata(before, refreshToken.operations)

/** An organization in which the default directory is enabled. */
export async function anOrganization({ service }: Conformance, body: object): Promise<Json> {
  const [{ id: connection_id }] = (await service.api('GET', `connections?name=${DIRECTORY}`)).body
  return (await service.api('POST', 'organizations', { ...body, enabled_connections: [{ connection_id }] })).body
}

const confidential = (service: TestApp): Promise<ClientDocument> => {
  const refresh_token = { ...ROTATING, token_lifetime: 30 * DAY, idle_token_lifetime: 15 * DAY }
  return aClient(service, { token_endpoint_auth_method: 'client_secret_post', organization_usage: 'allow', refresh_token }, SECRET)
}
