import { readFileSync } from 'node:fs'
import type { NestExpressApplication } from '@nestjs/platform-express'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import pg from 'pg'
import { AppModule } from '../../src/app.module.js'
import { MANAGEMENT_SCOPES } from '../../src/authorization/index.js'
import type { Config } from '../../src/config.js'
import { createHttpApp } from '../../src/http/set-up.js'
import { SigningKeys } from '../../src/keys/signing-keys.js'
import { createLogger } from '../../src/logging.js'
import { configFor } from './bootstrapped.js'
import { current } from './eventually.js'
import { bootstrappedAlone, installed, startBackground } from './installation.js'

export const MANAGEMENT_CLIENT = { id: 'management', secret: 'a-secret-for-tests-0123456789' }
export const ADMINISTRATOR = { email: 'admin@example.com', password: 'Admin-Password-1' }

/** What the content of a database that was bootstrapped follows from. */
const BOOTSTRAPPED_WITH = ['ISSUER_URL', 'ENCRYPTION_KEY', 'MANAGEMENT_CLIENT_ID', 'MANAGEMENT_CLIENT_SECRET', 'ADMIN_EMAIL', 'ADMIN_PASSWORD']

/** What an answer's body is, is what a test asserts. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any

/** The whole service in this process, on a database and a port of its own, with sealer, projections and reactors at work. */
export interface TestApp {
  /** The issuer, with its trailing slash: the base of every address. */
  readonly url: string
  readonly config: Config
  readonly app: NestExpressApplication
  readonly pool: pg.Pool
  readonly commands: CommandBus
  readonly queries: QueryBus
  /** A token for the Management API, of the management client unless `claims` say otherwise; by default with every scope. */
  managementToken(scopes?: readonly string[], claims?: object): Promise<string>
  /** A call of the Management API with every scope, or with the token that `headers` bring; asked again while it is too early for the answer. */
  api(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<{ status: number; body: Json; headers: Headers }>
  close(): Promise<void>
}

/** On `database` where one is given: fresh, or left behind by an app that was closed. `send` reaches it where Node's own fetch does not trust it. */
export async function startApp(
  env: Record<string, string> = {},
  tls?: { readonly certFile: string; readonly keyFile: string },
  database?: string,
  send: (url: string, init: object) => Promise<Response> = fetch,
): Promise<TestApp> {
  const origin = `${tls ? 'https' : 'http'}://localhost`
  const environmentAt = (port: number): Record<string, string> => ({
    PORT: String(port),
    ISSUER_URL: `${origin}:${port}/`,
    MANAGEMENT_CLIENT_ID: MANAGEMENT_CLIENT.id,
    MANAGEMENT_CLIENT_SECRET: MANAGEMENT_CLIENT.secret,
    ADMIN_EMAIL: ADMINISTRATOR.email,
    ADMIN_PASSWORD: ADMINISTRATOR.password,
    RATE_LIMITS: 'off',
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    ...env,
  })
  const isUsual = database === undefined && !BOOTSTRAPPED_WITH.some((name) => name in env)
  const { databaseUrl, port, release } = await (isUsual ? installed(environmentAt) : bootstrappedAlone(environmentAt, database))
  const url = `${origin}:${port}/`
  const config: Config = { ...configFor(databaseUrl, environmentAt(port)), part: 'http' }
  const background = await startBackground(config)
  const log = createLogger(config.logLevel, 'http')
  const https = tls && { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) }
  const app = await createHttpApp(
    AppModule.for(config, () => Promise.resolve('')),
    config,
    log,
    https,
  )
  await app.listen(port)

  const managementToken: TestApp['managementToken'] = (scopes = MANAGEMENT_SCOPES, claims = {}) => {
    const now = Math.floor(Date.now() / 1000)
    const ours = { iss: url, sub: `${MANAGEMENT_CLIENT.id}@clients`, azp: MANAGEMENT_CLIENT.id, aud: `${url}api/v2/`, iat: now, exp: now + 3600 }
    return app.get(SigningKeys).sign({ ...ours, scope: scopes.join(' '), gty: 'client-credentials', ...claims }, { alg: 'RS256', typ: 'at+jwt' })
  }
  const token = await managementToken()

  return {
    url,
    config,
    app,
    pool: app.get(pg.Pool),
    commands: app.get(CommandBus),
    queries: app.get(QueryBus),
    managementToken,
    async api(method, path, body, headers = {}) {
      const init = {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }
      const res = await current(() => send(`${url}api/v2/${path}`, init))
      const text = await res.text()
      return { status: res.status, headers: res.headers, body: text === '' ? undefined : JSON.parse(text) }
    },
    async close() {
      await app.close()
      await background.close()
      release()
    },
  }
}
