import { randomBytes } from 'node:crypto'
import { AppModule } from '../../src/app.module.js'
import {
  authorizationCode,
  CLIENT_DEFAULTS,
  CreateClient,
  CreateClientGrant,
  CreateResourceServer,
  type ClientDocument,
  RESOURCE_SERVER_DEFAULTS,
} from '../../src/authorization/index.js'
import { codeStream, newCode } from '../../src/authorization/authorization-code/code-value.js'
import { issueCode, type CodeTerms } from '../../src/authorization/authorization-code/authorization-code.js'
import { createHttpApp } from '../../src/http/set-up.js'
import { createLogger } from '../../src/logging.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { IssueRefreshToken, type IssuedRefreshToken } from '../../src/tokens/index.js'
import { refreshTokenPolicy } from '../../src/tokens/refresh-token/policy.js'
import { ChangeUser, CreateUser, FindConnection, type ConnectionDocument } from '../../src/users/index.js'
import type { TestApp } from './app.js'
import { freePort } from './service.js'

export const AUDIENCE = 'https://orders.example.com/'
export const SECRET = 'The-Clients-Secret-0123456789_-.~ %+:ü'
export const CALLBACK = 'https://app.example.com/callback'
const BY_TEST = { actor: 'test' }
const ORIGIN = { ip: '203.0.113.9', userAgent: 'test' }

/** How a refresh token is refused whose holder is told no more. */
export const UNKNOWN = { status: 403, body: { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' } }

export const ROTATING = { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 0, token_lifetime: 3600, idle_token_lifetime: 600 }

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** What tests go on with, where it is there; the rest they compare as it is. */
  readonly body: Record<'access_token' | 'id_token' | 'refresh_token' | 'scope' | 'error' | 'email' | 'updated_at' | 'issuer', string> &
    Record<'scopes_supported' | 'code_challenge_methods_supported', string[]> & { readonly iat: number; readonly expires_in: number; readonly active: boolean }
}

/** An event as tests look at it. */
export interface Fact {
  readonly data: { readonly reason?: string; readonly familyId?: string }
  readonly metadata: { readonly clientId?: string }
}

export interface Claims {
  readonly iat: number
  readonly jti: string
  readonly aud: string | string[]
}

/** Whatever a test of the OAuth endpoints needs beside them, made without going through them. */
export class OAuthScene {
  #made = 0

  constructor(readonly service: TestApp) {}

  async api(over: Partial<Parameters<typeof newApi>[0]> = {}): Promise<string> {
    const document = newApi({ id: `rs${++this.#made}`, identifier: AUDIENCE, ...over })
    await this.service.commands.execute(new CreateResourceServer(document, BY_TEST))
    return document.identifier
  }

  /** A confidential client unless `over` says otherwise. */
  async client(over: Partial<ClientDocument> = {}): Promise<ClientDocument> {
    const document = {
      ...CLIENT_DEFAULTS,
      client_id: `client-${++this.#made}`,
      name: `Client ${this.#made}`,
      oidc_conformant: true,
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      callbacks: [CALLBACK],
      ...over,
    }
    await this.service.commands.execute(new CreateClient(document, SECRET, BY_TEST))
    return document
  }

  async grant(clientId: string, scope: readonly string[], audience = AUDIENCE): Promise<void> {
    const document = { id: `cgr_${++this.#made}`, client_id: clientId, audience, scope, subject_type: 'client' as const }
    await this.service.commands.execute(new CreateClientGrant(document, BY_TEST))
  }

  async user(over: object = {}): Promise<string> {
    const connection = (await this.service.queries.execute(new FindConnection('Username-Password-Authentication'))) as ConnectionDocument
    const n = ++this.#made
    const userId = `auth0|user${n}`
    const { id, name, strategy } = connection
    await this.service.commands.execute(
      new CreateUser({ userId, connection: { id, name, strategy }, email: `ada${n}@example.com`, emailVerified: true, ...over }, BY_TEST),
    )
    return userId
  }

  async setBlocked(userId: string, blocked: boolean): Promise<void> {
    await this.service.commands.execute(new ChangeUser(userId, { attributes: { blocked } }, BY_TEST))
  }

  /** As after a login with `offline_access`. */
  refreshToken(client: ClientDocument, userId: string, over: object = {}): Promise<IssuedRefreshToken> {
    const policy = refreshTokenPolicy(client)
    const grant = {
      userId,
      clientId: client.client_id,
      sessionId: 'session-1',
      audience: AUDIENCE,
      scope: ['openid', 'profile', 'email', 'offline_access', 'read:orders', 'write:orders'],
      rotating: policy.rotating,
      authenticatedAt: '2026-01-02T03:04:05.000Z',
      connection: 'Username-Password-Authentication',
      ...over,
    }
    return this.service.commands.execute(new IssueRefreshToken(grant, policy, ORIGIN))
  }

  /** As after a login at /authorize. */
  async code(client: ClientDocument, userId: string, over: Partial<CodeTerms> = {}): Promise<string> {
    const code = newCode()
    const terms: CodeTerms = {
      userId,
      clientId: client.client_id,
      sessionId: 'session-1',
      connection: 'Username-Password-Authentication',
      scope: ['openid', 'profile', 'email', 'offline_access', 'read:orders'],
      audience: AUDIENCE,
      redirectUri: CALLBACK,
      redirectUriSent: true,
      nonce: 'n-0S6_WzA2Mj',
      challenge: null,
      dpopJkt: null,
      authenticatedAt: '2026-01-02T03:04:05.678Z',
      maxAgeSent: false,
      silent: false,
      ...over,
    }
    await this.service.app.get(EventStore).transact(authorizationCode, codeStream(code), (state, now) => issueCode(state, terms, now, 120))
    return code
  }

  form(path: string, parameters: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, new URLSearchParams(parameters).toString(), { 'content-type': 'application/x-www-form-urlencoded', ...headers })
  }

  json(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, JSON.stringify(body), { 'content-type': 'application/json', ...headers })
  }

  async send(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Answer> {
    const res = await fetch(this.service.url + path, { method, headers, ...(body !== undefined && { body }), redirect: 'manual' })
    const text = await res.text()
    const isJson = res.headers.get('content-type')?.startsWith('application/json') ?? false
    return { status: res.status, headers: res.headers, body: (isJson ? JSON.parse(text) : text) as Answer['body'] }
  }

  /** POST /oauth/token, authenticated as the client by its secret in the body, or by its id alone where it is public. */
  token(client: ClientDocument, parameters: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    return this.form('oauth/token', { ...credentialsOf(client), ...parameters }, headers)
  }

  refresh(client: ClientDocument, refreshToken: string, more: Record<string, string> = {}): Promise<Answer> {
    return this.token(client, { grant_type: 'refresh_token', refresh_token: refreshToken, ...more })
  }

  /** The facts that were recorded of one kind, newest last. */
  async facts(type: string): Promise<Fact[]> {
    const { rows } = await this.service.pool.query<Fact>('select data, metadata from events where type = $1 order by sequence', [type])
    return rows
  }
}

export const credentialsOf = ({ client_id, token_endpoint_auth_method }: ClientDocument): Record<string, string> => ({
  client_id,
  ...(token_endpoint_auth_method !== 'none' && { client_secret: SECRET }),
})

export const claimsOf = (jwt: string): Claims => JSON.parse(Buffer.from(jwt.split('.')[1]!, 'base64url').toString()) as Claims
export const headerOf = (jwt: string): { typ: string } => JSON.parse(Buffer.from(jwt.split('.')[0]!, 'base64url').toString()) as { typ: string }

export const randomText = (): string => randomBytes(12).toString('hex')

function newApi(over: { id: string; identifier: string; [member: string]: unknown }) {
  const scopes = ['read:orders', 'write:orders'].map((value) => ({ value }))
  return { ...RESOURCE_SERVER_DEFAULTS, name: 'Orders', allow_offline_access: true, scopes, ...over }
}

/** A further process of the service as far as its database can tell: an app of its own, with a pool of its own. */
export async function anotherWorker(
  service: TestApp,
  databaseUrl = service.config.databaseUrl,
): Promise<{ readonly scene: OAuthScene; readonly app: TestApp['app']; close(): Promise<void> }> {
  const port = await freePort()
  const config = { ...service.config, databaseUrl, port }
  const app = await createHttpApp(
    AppModule.for(config, () => Promise.resolve('')),
    config,
    createLogger('silent', 'http'),
  )
  await app.listen(port)
  return { scene: new OAuthScene({ ...service, app, url: `http://localhost:${port}/` }), app, close: () => app.close() }
}
