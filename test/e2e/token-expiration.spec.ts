import { startApp, type TestApp } from '../support/app.js'
import { type Clock, databaseWithClock } from '../support/clock.js'
import { type Answer, anotherWorker, CALLBACK, credentialsOf, OAuthScene, ROTATING } from '../support/oauth.js'

let service: TestApp
let scene: OAuthScene
let clock: Clock
let userId: string
beforeAll(async () => {
  const moved = await databaseWithClock()
  clock = moved.clock
  service = await startApp({ RT_EXPIRATION_PARAMETERS: 'true' }, undefined, moved.databaseUrl)
  scene = new OAuthScene(service)
  await scene.api()
  userId = await scene.user()
})
afterAll(() => service.close())

const NAMES = ['refresh_token_timeout', 'authorization_expires_in', 'refresh_token_expires_in'] as const
const told = ({ body }: Answer): (number | undefined)[] => NAMES.map((name) => (body as unknown as Record<string, number>)[name])
/** The clock goes on while a test runs. */
const about = (seconds: number): unknown => {
  const near = { asymmetricMatch: (value: unknown) => typeof value === 'number' && Number.isInteger(value) && value <= seconds && value > seconds - 60 }
  return near
}

describe('how long a refresh token lives on (draft-ietf-oauth-refresh-token-expiration)', () => {
  it('is told with the code’s tokens and at each exchange, and to whoever looks into it', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const code = await scene.code(client, userId)
    const first = await scene.token(client, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK })
    expect(told(first)).toEqual([about(600), about(3600), about(600)])
    await clock.move(500)
    const second = await scene.refresh(client, first.body.refresh_token)
    expect(told(second)).toEqual([about(600), about(3100), about(600)])
    await clock.move(200)
    const introspected = await scene.form('oauth/introspect', { ...credentialsOf(client), token: second.body.refresh_token })
    expect(told(introspected)).toEqual([about(400), about(2900), about(400)])
    const accessToken = await scene.form('oauth/introspect', { ...credentialsOf(client), token: second.body.access_token })
    expect(told(accessToken)).toEqual([undefined, undefined, undefined])
  })

  it('never says more than the absolute end, and nothing of what has no end', async () => {
    const settings = { ...ROTATING, token_lifetime: 300, idle_token_lifetime: 300 }
    const near = await scene.client({ refresh_token: settings })
    const { refreshToken } = await scene.refreshToken(near, userId)
    await clock.move(200)
    expect(told(await scene.refresh(near, refreshToken))).toEqual([about(100), about(100), about(100)])
    const noIdle = await scene.client({ refresh_token: { ...ROTATING, infinite_idle_token_lifetime: true } })
    expect(told(await scene.refresh(noIdle, (await scene.refreshToken(noIdle, userId)).refreshToken))).toEqual([undefined, about(3600), about(3600)])
    const never = await scene.client()
    expect(told(await scene.refresh(never, (await scene.refreshToken(never, userId)).refreshToken))).toEqual([undefined, undefined, undefined])
  })

  it('is announced by discovery, and told only where the setting says so', async () => {
    const discovery = await scene.send('GET', '.well-known/openid-configuration')
    expect(discovery.body).toMatchObject({ refresh_token_expiration_types_supported: ['authorization', 'token_timeout'] })
    const off = await anotherWorker({ ...service, config: { ...service.config, settings: { ...service.config.settings, rtExpirationParameters: false } } })
    try {
      const client = await scene.client({ refresh_token: ROTATING })
      const { refreshToken } = await scene.refreshToken(client, userId)
      expect(told(await off.scene.refresh(client, refreshToken))).toEqual([undefined, undefined, undefined])
      expect((await off.scene.send('GET', '.well-known/openid-configuration')).body).not.toHaveProperty('refresh_token_expiration_types_supported')
    } finally {
      await off.close()
    }
  })
})
