import { ChangeTenantSettings } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { flakyProxy } from '../support/flaky-proxy.js'
import { anotherWorker, credentialsOf, OAuthScene, SECRET } from '../support/oauth.js'
import { familyEvents } from '../support/recorded.js'

let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
})
afterAll(() => service.close())

const revoke = (client: Parameters<OAuthScene['token']>[0], token: string): ReturnType<OAuthScene['form']> =>
  scene.form('oauth/revoke', { ...credentialsOf(client), token })

describe('POST /oauth/revoke', () => {
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

  it('of a token that has expired ends nothing, not even a grant that goes with its tokens', async () => {
    const [client, userId] = [await scene.client(), await scene.user()]
    const expired = await scene.refreshToken(client, userId, { wantedEnds: { expiresAt: Date.now() - 1000 } })
    const { refreshToken } = await scene.refreshToken(client, userId)
    await service.commands.execute(new ChangeTenantSettings({ flags: { revoke_refresh_token_grant: true } }, {}))
    expect((await revoke(client, expired.refreshToken)).status).toBe(200)
    await service.commands.execute(new ChangeTenantSettings({ flags: {} }, {}))
    expect(await familyEvents(service, expired.familyId)).toEqual(['FamilyStarted'])
    expect((await scene.refresh(client, refreshToken)).status).toBe(200)
  })

  it('needs a client', async () => {
    const client = await scene.client()
    expect(await scene.form('oauth/revoke', { client_id: client.client_id, client_secret: `${SECRET}x`, token: 'x' })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    })
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
