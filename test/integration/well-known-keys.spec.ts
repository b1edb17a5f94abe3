import { createPublicKey, randomBytes, verify, X509Certificate } from 'node:crypto'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { CqrsModule } from '@nestjs/cqrs'
import type { NestExpressApplication } from '@nestjs/platform-express'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import pg from 'pg'
import { AuditModule } from '../../src/audit/audit.module.js'
import { RequestLimit } from '../../src/audit/request-limit.js'
import { JwksController } from '../../src/authorization/jwks.controller.js'
import { ConfigModule } from '../../src/config.module.js'
import { DatabaseModule } from '../../src/database/database.module.js'
import { EventStoreModule } from '../../src/event-store/event-store.module.js'
import { RateLimitsModule } from '../../src/http/rate-limits.js'
import { KeysModule } from '../../src/keys/keys.module.js'
import { LogKey } from '../../src/keys/log-key.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { SigningKeys } from '../../src/keys/signing-keys.js'
import { FindTenantSettingsHandler } from '../../src/users/queries/find-tenant-settings.js'
import { configFor } from '../support/bootstrapped.js'
import { databaseUrl } from '../support/own-database.js'

@Module({
  imports: [CqrsModule.forRoot(), ConfigModule.for(configFor(databaseUrl)), DatabaseModule, EventStoreModule, KeysModule, AuditModule, RateLimitsModule],
  controllers: [JwksController],
  providers: [FindTenantSettingsHandler, RequestLimit],
})
class KeysApp {}

let app: NestExpressApplication
let url: string

beforeAll(async () => {
  app = await NestFactory.create<NestExpressApplication>(KeysApp, { logger: false })
  await app.listen(0, '127.0.0.1')
  url = await app.getUrl()
  await app.get(SigningKeys).ensure({})
})
afterAll(() => app.close())

const statusFor = async (etag: string): Promise<number> => (await fetch(`${url}/.well-known/jwks.json`, { headers: { 'if-none-match': etag } })).status

describe('GET /.well-known/jwks.json', () => {
  it('lets a client that knows only its address verify a token', async () => {
    const token = await app.get(SigningKeys).sign({ iss: 'https://i/', aud: 'a' }, { alg: 'RS256', typ: 'JWT' })
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`)), {
      issuer: 'https://i/',
      audience: 'a',
      algorithms: ['RS256'],
    })
    expect(payload.aud).toBe('a')
  })

  it('is open to every origin, kept for seconds only, and holds public members only', async () => {
    const answer = await fetch(`${url}/.well-known/jwks.json`, { headers: { origin: 'https://app.example.com' } })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('cache-control')).toBe('public, max-age=15, stale-while-revalidate=15, stale-if-error=86400')
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    const { keys } = (await answer.json()) as { keys: (Record<string, unknown> & { x5c: string[] })[] }
    expect(keys).toHaveLength(2)
    for (const key of keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use', 'x5c', 'x5t'])
      expect(key).toMatchObject({ kty: 'RSA', use: 'sig', alg: 'RS256' })
    }
  })

  it('shows for each key a certificate of that key, and its thumbprint', async () => {
    const { keys } = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as { keys: (Record<string, unknown> & { x5c: string[] })[] }
    for (const { x5c, x5t, n, e } of keys) {
      const certificate = new X509Certificate(Buffer.from(x5c[0]!, 'base64'))
      expect(certificate.publicKey.export({ format: 'jwk' })).toMatchObject({ n, e })
      expect(x5t).toBe(Buffer.from(certificate.fingerprint.replaceAll(':', ''), 'hex').toString('base64url'))
    }
  })

  it('answers 304 until the keys change', async () => {
    const etag = (await fetch(`${url}/.well-known/jwks.json`)).headers.get('etag')!
    expect(await statusFor(etag)).toBe(304)
    await app.get(SigningKeys).rotate({})
    expect(await statusFor(etag)).toBe(200)
  })
})

describe('GET /.well-known/evergrant-log-key', () => {
  it('shows the public key that verifies a seal', async () => {
    const key = await LogKey.load(app.get(pg.Pool), app.get(RootKeys))
    const { keys } = (await (await fetch(`${url}/.well-known/evergrant-log-key`)).json()) as { keys: Record<string, string>[] }
    expect(keys).toEqual([{ kid: key.keyId, publicKey: expect.any(String), createdAt: expect.stringMatching(/Z$/) }])
    const publicKey = createPublicKey({ key: Buffer.from(keys[0]!['publicKey']!, 'base64'), format: 'der', type: 'spki' })
    const hash = randomBytes(32)
    expect(verify(null, hash, publicKey, await key.sign(hash))).toBe(true)
  })
})
