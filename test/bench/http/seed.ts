import type { INestApplicationContext } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { decodeJwt } from 'jose'
import pg from 'pg'
import {
  CLIENT_DEFAULTS,
  type ClientDocument,
  CreateClient,
  CreateClientGrant,
  CreateResourceServer,
  NO_PROOFS,
  RESOURCE_SERVER_DEFAULTS,
} from '../../../src/authorization/index.js'
import { bootstrap } from '../../../src/bootstrap.js'
import { completeConfig, loadConfig } from '../../../src/config.js'
import { RootKeys } from '../../../src/keys/root-key.js'
import { GrantOnlineAccess, sessionCookies, StartSession } from '../../../src/sessions/index.js'
import { RefreshTokenGrant } from '../../../src/tokens/grants/refresh-token.js'
import { IssueRefreshToken, type IssuedRefreshToken } from '../../../src/tokens/index.js'
import { refreshTokenPolicy } from '../../../src/tokens/refresh-token/policy.js'
import { CreateUser, FindConnection } from '../../../src/users/index.js'
import type { Template } from '../cluster.js'
import { ORIGIN, type StoredRotation, storedRotation } from '../families.js'
import { bindActions } from '../bound-actions.js'
import type { Bench } from '../row.js'
import { settle } from '../scene.js'
import { configOf, environmentOf, startService } from '../service.js'
import { SERVICE_ENVIRONMENT } from './instance.js'

export const AUDIENCE = 'https://orders.example.com/'
export const CALLBACK = 'https://app.example.com/callback'
export const SECRET = 'the-secret-of-a-client-of-the-bench'
const SCOPE = ['openid', 'profile', 'email', 'offline_access', 'read:orders', 'write:orders']
const BY_BENCH = { actor: 'bench' }

const PEOPLE = 1024
/** That a person holds beside the rotating one. */
const FIXED_EACH = 4
/** More than the service revokes in a second, and as many again for those who warm it. */
const REVOKED_A_SECOND = 8000
const CONCURRENT = 64

/** Refresh tokens by what becomes of them; `people` are those whose tokens the lists show. */
export interface HttpSeed {
  readonly rotating: Tokens
  readonly fixed: Tokens
  /** Each is revoked once. */
  readonly spare: Tokens
  readonly people: readonly string[]
  /** Of the same people: online refresh tokens, and what their browsers send. */
  readonly sessions: Tokens & { readonly cookies: readonly string[] }
  /** What an exchange stores, and what its two tokens say. */
  readonly rotation: StoredRotation
  readonly accessClaims: Readonly<Record<string, unknown>>
  readonly idClaims: Readonly<Record<string, unknown>>
}

interface Tokens {
  readonly clientId: string
  readonly tokens: readonly string[]
}

/** An installation with an API, two clients, people and their refresh tokens, sealed and projected; with so many post-login Actions bound. */
export const httpSeed = ({ cluster, pace }: Bench, actions = 0): Promise<Template<HttpSeed>> =>
  cluster.template(actions === 0 ? 'http' : `http_actions_${actions}`, async (url) => {
    await bootstrap(completeConfig(loadConfig({ ...environmentOf(url, 'primary'), ...SERVICE_ENVIRONMENT })), () => undefined)
    const service = await startService(configOf(url))
    try {
      const seed = await new Seeding(service).all(actions > 0 ? 1 : Math.ceil((pace.warmUpSeconds + pace.seconds) * REVOKED_A_SECOND))
      await bindActions(service, actions)
      await settle(url, service)
      return seed
    } finally {
      await service.close()
    }
  })

class Seeding {
  readonly #commands: CommandBus

  constructor(private readonly service: INestApplicationContext) {
    this.#commands = service.get(CommandBus)
  }

  async all(spares: number): Promise<HttpSeed> {
    await this.#commands.execute(new CreateResourceServer(API, BY_BENCH))
    const [rotating, fixed] = [await this.#client('rotating'), await this.#client('non-rotating')]
    await this.#commands.execute(
      new CreateClientGrant({ id: 'cgr_bench', client_id: rotating.client_id, audience: AUDIENCE, scope: ['read:orders'], subject_type: 'client' }, BY_BENCH),
    )
    const people = Array.from({ length: PEOPLE }, (_, n) => `auth0|${n.toString(16).padStart(24, '0')}`)
    await many(people, (userId) => this.#person(userId))
    const others = Array.from({ length: PEOPLE }, (_, n) => `auth0|f${n.toString(16).padStart(23, '0')}`)
    const tokensOf = async (client: ClientDocument, list: readonly string[]): Promise<Tokens> => ({
      clientId: client.client_id,
      tokens: await many(list, (userId) => this.#refreshToken(client, userId)),
    })
    return {
      rotating: await tokensOf(rotating, people),
      fixed: await tokensOf(fixed, Array.from({ length: FIXED_EACH }, () => people).flat()),
      spare: await tokensOf(
        rotating,
        Array.from({ length: spares }, (_, n) => others[n % PEOPLE]!),
      ),
      people,
      sessions: await this.#sessions(rotating, people),
      ...(await this.#exchange(rotating, people[0]!)),
    }
  }

  async #client(rotation: string): Promise<ClientDocument> {
    const refresh_token = { rotation_type: rotation, expiration_type: 'expiring', leeway: 0, token_lifetime: 2_592_000, idle_token_lifetime: 1_296_000 }
    const document = {
      ...CLIENT_DEFAULTS,
      client_id: `bench-${rotation}`,
      name: `Bench, ${rotation}`,
      oidc_conformant: true,
      jwt_configuration: { ...CLIENT_DEFAULTS.jwt_configuration, alg: 'RS256' },
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      callbacks: [CALLBACK],
      refresh_token,
    }
    await this.#commands.execute(new CreateClient(document, SECRET, BY_BENCH))
    return document
  }

  async #person(userId: string): Promise<void> {
    const { id, name, strategy } = (await this.service.get(QueryBus).execute(new FindConnection('Username-Password-Authentication')))!
    const email = `${userId.slice(-8)}@example.com`
    await this.#commands.execute(new CreateUser({ userId, connection: { id, name, strategy }, email, emailVerified: true }, BY_BENCH))
  }

  async #refreshToken(client: ClientDocument, userId: string): Promise<string> {
    return (await this.#issue(client, userId)).refreshToken
  }

  #issue(client: ClientDocument, userId: string): Promise<IssuedRefreshToken> {
    const policy = refreshTokenPolicy(client)
    const login = { sessionId: 'bench-session', authenticatedAt: '2026-01-02T03:04:05.000Z', connection: 'Username-Password-Authentication' }
    const grant = { userId, clientId: client.client_id, audience: AUDIENCE, scope: SCOPE, rotating: policy.rotating, ...login }
    return this.#commands.execute(new IssueRefreshToken(grant, policy, ORIGIN))
  }

  async #sessions({ client_id: clientId }: ClientDocument, people: readonly string[]): Promise<HttpSeed['sessions']> {
    const rootKeys = this.service.get(RootKeys)
    const made = await many(people, async (userId) => {
      const login = { userId, clientId, connection: 'Username-Password-Authentication', method: 'pwd' }
      const { sessionId, session } = (await this.#commands.execute(new StartSession(login, {})))!
      const token = await this.#commands.execute(new GrantOnlineAccess(sessionId, { clientId, audience: AUDIENCE, scope: SCOPE, dpopThumbprint: null }, {}))
      const [cookie] = sessionCookies(rootKeys, 'http://localhost:3000/', sessionId, session)
      return { token: token!, cookie: cookie!.split(';')[0]! }
    })
    return { clientId, tokens: made.map(({ token }) => token), cookies: made.map(({ cookie }) => cookie) }
  }

  async #exchange(client: ClientDocument, userId: string): Promise<Pick<HttpSeed, 'rotation' | 'accessClaims' | 'idClaims'>> {
    const { familyId, refreshToken } = await this.#issue(client, userId)
    const request = { grantType: 'refresh_token', refreshToken, scope: undefined, audience: undefined } as const
    const caller = { origin: ORIGIN, context: { hostname: 'localhost' }, sent: { parameters: {} } }
    const answer = await this.#commands.execute(new RefreshTokenGrant(request, client, caller, { confidential: true, proofs: NO_PROOFS }))
    const rotation = await storedRotation(this.service.get(pg.Pool), familyId)
    return { rotation, accessClaims: decodeJwt(answer.access_token), idClaims: decodeJwt(answer.id_token!) }
  }
}

/** The answers in the order of the values. */
async function many<T, R>(values: readonly T[], make: (value: T) => Promise<R>): Promise<R[]> {
  const made: R[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let n = next++; n < values.length; n = next++) made[n] = await make(values[n]!)
  }
  await Promise.all(Array.from({ length: CONCURRENT }, work))
  return made
}

const API = {
  ...RESOURCE_SERVER_DEFAULTS,
  id: 'bench-api',
  identifier: AUDIENCE,
  name: 'Orders',
  allow_offline_access: true,
  scopes: [{ value: 'read:orders' }, { value: 'write:orders' }],
}
