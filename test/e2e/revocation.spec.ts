import { jest } from '@jest/globals'
import { startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { flakyProxy } from '../support/flaky-proxy.js'
import { anotherWorker, credentialsOf, OAuthScene, ROTATING, SECRET } from '../support/oauth.js'

jest.setTimeout(60_000)

let service: TestApp
let scene: OAuthScene
let other: Awaited<ReturnType<typeof anotherWorker>>
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
  other = await anotherWorker(service)
})
afterAll(async () => {
  await other.close()
  await service.close()
})

const revoke = (client: Parameters<OAuthScene['token']>[0], token: string, more: Record<string, string> = {}): ReturnType<OAuthScene['form']> =>
  scene.form('oauth/revoke', { ...credentialsOf(client), token, ...more })

describe('POST /oauth/revoke', () => {
  it('ends the refresh token, twice over, with an empty answer', async () => {
    const client = await scene.client()
    const { refreshToken, familyId } = await scene.refreshToken(client, await scene.user())
    for (let n = 0; n < 2; n++) {
      const { status, body, headers } = await revoke(client, refreshToken, { token_type_hint: 'access_token' })
      expect({ status, body }).toEqual({ status: 200, body: '' })
      expect(headers.get('cache-control')).toBe('no-store')
    }
    expect((await scene.refresh(client, refreshToken)).status).toBe(403)
    const revocations = await scene.facts('FamilyRevoked')
    expect(revocations).toHaveLength(1)
    expect(revocations[0]).toMatchObject({
      data: { reason: 'client' },
      metadata: { clientId: client.client_id, sessionId: 'session-1', origin: expect.stringMatching(/^pd1\./) },
    })
    expect(JSON.stringify(revocations)).not.toContain(refreshToken)
    expect(familyId).toMatch(/^rt_/)
  })

  it('takes JSON as well, and the id alone of a public client', async () => {
    const client = await scene.client({ token_endpoint_auth_method: 'none' })
    const { refreshToken } = await scene.refreshToken(client, await scene.user())
    expect((await scene.json('oauth/revoke', { client_id: client.client_id, token: refreshToken })).status).toBe(200)
    expect((await scene.refresh(client, refreshToken)).status).toBe(403)
  })

  it('ends the family by any of its members', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { refreshToken } = await scene.refreshToken(client, await scene.user())
    const { body } = await scene.refresh(client, refreshToken)
    expect((await revoke(client, refreshToken)).status).toBe(200)
    expect((await scene.refresh(client, body.refresh_token)).status).toBe(403)
  })

  it('answers 200 for what there is nothing to end of', async () => {
    const client = await scene.client()
    const { refreshToken } = await scene.refreshToken(client, await scene.user())
    const { access_token: accessToken } = (await scene.refresh(client, refreshToken)).body
    for (const text of ['garbage', `${refreshToken}x`, `v1.${'A'.repeat(70)}`, accessToken]) expect((await revoke(client, text)).status).toBe(200)
    expect((await scene.refresh(client, refreshToken)).status).toBe(200)
  })

  it("leaves another client's token alone, and says so where that is set", async () => {
    const [client, stranger] = [await scene.client(), await scene.client()]
    const { refreshToken } = await scene.refreshToken(client, await scene.user())
    expect((await revoke(stranger, refreshToken)).status).toBe(200)
    const strict = await anotherWorker({ ...service, config: { ...service.config, settings: { ...service.config.settings, revokeForeignToken: 'error' } } })
    try {
      const answer = await strict.scene.form('oauth/revoke', { ...credentialsOf(stranger), token: refreshToken })
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    } finally {
      await strict.close()
    }
    expect((await scene.refresh(client, refreshToken)).status).toBe(200)
  })

  it('needs a token and a client', async () => {
    const client = await scene.client()
    expect(await scene.form('oauth/revoke', credentialsOf(client))).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: 'Missing required parameter: token' },
    })
    expect(await scene.form('oauth/revoke', { client_id: client.client_id, client_secret: `${SECRET}x`, token: 'x' })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    })
  })
})

describe('after the answer to a revocation', () => {
  it('no exchange succeeds on another worker', async () => {
    const client = await scene.client({ refresh_token: { ...ROTATING, leeway: 60 } })
    const userId = await scene.user()
    for (let n = 0; n < 20; n++) {
      const { refreshToken } = await scene.refreshToken(client, userId)
      const late: number[] = []
      let answered = false
      // Exchanges keep coming while the revocation is under way; what was asked after its answer must fail.
      const storm = Array.from({ length: 4 }, async () => {
        for (let sent = 0; sent < 5; sent++) {
          const askedAfter = answered
          const { status } = await other.scene.refresh(client, refreshToken)
          if (askedAfter) late.push(status)
        }
      })
      expect((await revoke(client, refreshToken)).status).toBe(200)
      answered = true
      expect((await other.scene.refresh(client, refreshToken)).status).toBe(403)
      await Promise.all(storm)
      expect(late.filter((status) => status !== 403)).toEqual([])
    }
  })
})

describe('when the database fails', () => {
  it('a lost answer is looked up: 200 means committed', async () => {
    const proxy = await flakyProxy(service.config.databaseUrl)
    const flaky = await anotherWorker(service, proxy.url)
    try {
      const client = await scene.client()
      for (let n = 0; n < 3; n++) {
        const { refreshToken } = await scene.refreshToken(client, await scene.user())
        const lost = proxy.lost
        proxy.loseAnswerTo('append')
        const { status } = await flaky.scene.form('oauth/revoke', { ...credentialsOf(client), token: refreshToken })
        expect(proxy.lost).toBe(lost + 1)
        expect(status).toBe(200)
        expect((await scene.refresh(client, refreshToken)).status).toBe(403)
      }
    } finally {
      await flaky.close()
      await proxy.close()
    }
  })

  it('a revocation that did not happen is never answered 200, nor 500', async () => {
    const proxy = await flakyProxy(service.config.databaseUrl)
    const flaky = await anotherWorker(service, proxy.url)
    try {
      const client = await scene.client()
      const { refreshToken } = await scene.refreshToken(client, await scene.user())
      const send = (): ReturnType<OAuthScene['form']> => flaky.scene.form('oauth/revoke', { ...credentialsOf(client), token: refreshToken })
      const nothing = (): ReturnType<OAuthScene['form']> => flaky.scene.form('oauth/revoke', { ...credentialsOf(client), token: 'x' })
      expect((await nothing()).status).toBe(200)
      await proxy.close()
      const answer = await send()
      expect(answer).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
      expect(answer.headers.get('retry-after')).toBe('1')
      expect((await eventually(() => scene.refresh(client, refreshToken))).status).toBe(200)
    } finally {
      await flaky.close()
    }
  })
})
