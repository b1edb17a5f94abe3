import { jest } from '@jest/globals'
import { ChangeClient } from '../../src/authorization/index.js'
import type { PersonalData } from '../../src/event-store/event.js'
import { PersonKeys } from '../../src/keys/person-keys.js'
import { startApp, type TestApp } from '../support/app.js'
import { shortest } from '../support/eventually.js'
import { anotherWorker, AUDIENCE, claimsOf, headerOf, OAuthScene, ROTATING } from '../support/oauth.js'

let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
})
afterAll(() => service.close())

describe('a non-rotating refresh token', () => {
  it('brings tokens again and again and stays the same', async () => {
    const client = await scene.client()
    const userId = await scene.user()
    const { refreshToken } = await scene.refreshToken(client, userId)
    for (let n = 0; n < 2; n++) {
      const { status, headers, body } = await scene.refresh(client, refreshToken)
      expect(status).toBe(200)
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('pragma')).toBe('no-cache')
      // Nobody may keep it, so there is nothing to compare.
      expect(headers.get('etag')).toBeNull()
      expect(body).toEqual({
        access_token: expect.any(String),
        id_token: expect.any(String),
        scope: 'openid profile email offline_access read:orders write:orders',
        expires_in: 86_400,
        token_type: 'Bearer',
      })
    }
  })

  it('brings claims as the dialect and the login say, and no nonce', async () => {
    const client = await scene.client()
    const userId = await scene.user()
    const { refreshToken } = await scene.refreshToken(client, userId)
    const { body } = await scene.refresh(client, refreshToken)
    expect(headerOf(body.access_token)).toMatchObject({ alg: 'RS256', typ: 'JWT' })
    const access = claimsOf(body.access_token)
    expect(access).toEqual({
      iss: service.url,
      sub: userId,
      aud: [AUDIENCE, `${service.url}userinfo`],
      iat: expect.any(Number),
      exp: access.iat + 86_400,
      scope: 'openid profile email offline_access read:orders write:orders',
      jti: expect.any(String),
      gty: 'refresh_token',
      azp: client.client_id,
    })
    const id = claimsOf(body.id_token)
    expect(id).toMatchObject({
      iss: service.url,
      sub: userId,
      aud: client.client_id,
      exp: id.iat + 36_000,
      sid: 'session-1',
      auth_time: Date.parse('2026-01-02T03:04:05Z') / 1000,
      email: expect.stringContaining('@example.com'),
      email_verified: true,
      nickname: expect.any(String),
    })
    expect(id).not.toHaveProperty('nonce')
  })

  it('may be exchanged by many at once', async () => {
    const client = await scene.client()
    const { refreshToken } = await scene.refreshToken(client, await scene.user())
    const answers = await Promise.all(Array.from({ length: 10 }, () => scene.refresh(client, refreshToken)))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
  })

  it('gives RFC 9068 claims for an API that wants them', async () => {
    const audience = await scene.api({ identifier: 'https://rfc9068.example.com', token_dialect: 'rfc9068_profile', token_lifetime: 60 })
    const client = await scene.client()
    const { refreshToken } = await scene.refreshToken(client, await scene.user(), { audience })
    const { body } = await scene.refresh(client, refreshToken)
    expect(headerOf(body.access_token).typ).toBe('at+jwt')
    expect(body.expires_in).toBe(60)
    const claims = claimsOf(body.access_token)
    expect(claims).toMatchObject({ client_id: client.client_id, jti: expect.any(String) })
    expect(claims).not.toHaveProperty('azp')
    expect(claims).not.toHaveProperty('gty')
  })
})

describe('a rotating refresh token', () => {
  it('says in the log which token it gave, for what', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { refreshToken } = await scene.refreshToken(client, await scene.user())
    const { body } = await scene.refresh(client, refreshToken)
    const rotations = (await scene.facts('RefreshTokenRotated')).filter(({ metadata }) => metadata.clientId === client.client_id)
    expect(rotations).toHaveLength(1)
    expect(rotations[0]).toMatchObject({
      data: { accessTokenId: claimsOf(body.access_token).jti, audience: AUDIENCE, scope: expect.arrayContaining(['read:orders']), generation: 2 },
      metadata: { sessionId: 'session-1', connection: 'Username-Password-Authentication', origin: expect.stringMatching(/^pd2\./) },
    })
  })
})

describe('another audience', () => {
  it('is refused by its exact text, without spending the token', async () => {
    await scene.api({ identifier: 'https://other.example.com' })
    const client = await scene.client({ refresh_token: ROTATING })
    const { refreshToken } = await scene.refreshToken(client, await scene.user())
    expect(await scene.refresh(client, refreshToken, { audience: 'https://nowhere.example.com' })).toMatchObject({
      status: 403,
      body: { error: 'access_denied', error_description: 'Service not found: https://nowhere.example.com' },
    })
    expect(await scene.refresh(client, refreshToken, { audience: 'https://other.example.com' })).toMatchObject({
      status: 403,
      body: {
        error: 'access_denied',
        error_description: `Client "${client.client_id}" is not authorized to access resource server "https://other.example.com".`,
      },
    })
    expect((await scene.refresh(client, refreshToken, { audience: AUDIENCE })).status).toBe(200)
  })

  it('may not be a session transfer, which there is none of, whatever the client is set to', async () => {
    for (const session_transfer of [undefined, { can_create_session_transfer_token: true }]) {
      const client = await scene.client({ refresh_token: ROTATING, ...(session_transfer && { session_transfer }) })
      const { refreshToken } = await scene.refreshToken(client, await scene.user())
      const audience = `urn:${new URL(service.url).host}:session_transfer`
      expect(await scene.refresh(client, refreshToken, { audience })).toMatchObject({
        status: 403,
        body: { error: 'unauthorized_client', error_description: 'This client is not authorized to create session transfer tokens.' },
      })
      expect((await scene.refresh(client, refreshToken)).status).toBe(200)
    }
  })
})

describe('the client', () => {
  it('must have the grant', async () => {
    const client = await scene.client({ grant_types: ['authorization_code'] })
    const { refreshToken } = await scene.refreshToken(client, await scene.user())
    expect(await scene.refresh(client, refreshToken)).toMatchObject({
      status: 403,
      body: { error: 'unauthorized_client', error_description: "Grant type 'refresh_token' not allowed for the client." },
    })
  })

  it('changes its settings: the worker that did it knows at once, another one within a second', async () => {
    const other = await anotherWorker(service)
    try {
      const untilKnown = async (): Promise<number> => {
        const client = await scene.client({ refresh_token: ROTATING })
        const { refreshToken } = await scene.refreshToken(client, await scene.user())
        const first = await other.scene.refresh(client, refreshToken)
        expect(first.status).toBe(200)
        await service.commands.execute(new ChangeClient(client.client_id, { grant_types: ['authorization_code'] }, {}))
        const changedAt = performance.now()
        expect((await scene.refresh(client, first.body.refresh_token)).status).toBe(403)
        for (let token = first.body.refresh_token, last = 0; ;) {
          const askedAt = performance.now()
          const { status, body } = await other.scene.refresh(client, token)
          if (status === 403) return last
          token = body.refresh_token
          last = askedAt - changedAt
        }
      }
      expect(await shortest(1000, untilKnown)).toBeLessThan(1000)
    } finally {
      await other.close()
    }
  })
})

it('takes the address that a trusted server forwards, and no other', async () => {
  const refresh_token = ROTATING
  const [trusted, plain] = [await scene.client({ is_token_endpoint_ip_header_trusted: true, refresh_token }), await scene.client({ refresh_token })]
  const addresses = []
  for (const client of [trusted, plain]) {
    const { refreshToken, familyId } = await scene.refreshToken(client, await scene.user())
    const body = { grant_type: 'refresh_token', refresh_token: refreshToken }
    expect((await scene.token(client, body, { 'auth0-forwarded-for': '198.51.100.77' })).status).toBe(200)
    const { rows } = await service.pool.query<{ origin: PersonalData }>(`select state->>'lastOrigin' as origin from streams where id = $1`, [
      `refresh_token_family-${familyId}`,
    ])
    addresses.push(await service.app.get(PersonKeys).open<{ ip: string }>(rows[0]!.origin))
  }
  expect(addresses).toEqual([expect.objectContaining({ ip: '198.51.100.77' }), expect.not.objectContaining({ ip: '198.51.100.77' })])
})

it('keeps an exchange to two statements', async () => {
  const client = await scene.client({ refresh_token: ROTATING })
  const { refreshToken } = await scene.refreshToken(client, await scene.user())
  let token: string = (await scene.refresh(client, refreshToken)).body.refresh_token
  const statements: string[] = []
  const query = service.pool.query.bind(service.pool)
  const spy = jest.spyOn(service.pool, 'query').mockImplementation((...args: Parameters<typeof query>) => {
    const [config] = args as unknown as [{ name?: string; text?: string } | string]
    statements.push(typeof config === 'string' ? config : (config.name ?? config.text ?? ''))
    return query(...args)
  })
  const connect = jest.spyOn(service.pool, 'connect')
  const exchanges = 25
  const began = performance.now()
  for (let n = 0; n < exchanges; n++) token = (await scene.refresh(client, token)).body.refresh_token
  const tookMs = performance.now() - began
  const connects = connect.mock.calls.length
  spy.mockRestore()
  connect.mockRestore()
  // What is renewed in the background, each three times a second at most, no exchange waits for.
  const renewed = ['published-signing-keys', 'settings-versions', 'find-person-keys', 'bound-action-versions']
  const renewals = statements.filter((name) => renewed.includes(name))
  const own = statements.filter((name) => !renewals.includes(name))
  expect(own).toEqual(
    Array.from({ length: 2 * exchanges }, (_, n): unknown => (n % 2 === 0 ? expect.stringMatching(/^read-stream.*family-user$/) : 'append-guarded')),
  )
  expect(renewals.length).toBeLessThanOrEqual(renewed.length * (1 + tookMs / 333))
  expect(connects).toBe(statements.length)
})
