import { startApp, type TestApp } from '../../support/app.js'
import { AUDIENCE, claimsOf, credentialsOf, OAuthScene, ROTATING, UNKNOWN } from '../../support/oauth.js'
import { familyEvents } from '../../support/recorded.js'

let service: TestApp
let scene: OAuthScene
let userId: string
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
  userId = await scene.user()
})
afterAll(() => service.close())

const LOGIN = 'openid profile email offline_access read:orders write:orders'

describe('edge cases of refresh tokens: requests (spec/refresh-tokens.md §17)', () => {
  it('#37 exchange asks narrower scope, then none: narrow, then full, and an ID token both times', async () => {
    const client = await scene.client()
    const { refreshToken } = await scene.refreshToken(client, userId)
    const narrow = await scene.refresh(client, refreshToken, { scope: 'read:orders' })
    expect(narrow.body.scope).toBe('openid offline_access read:orders')
    expect(claimsOf(narrow.body.access_token)).toMatchObject({ scope: 'read:orders', aud: AUDIENCE })
    expect(narrow.body.id_token).toBeDefined()
    const full = await scene.refresh(client, refreshToken)
    expect(full.body).toMatchObject({ scope: LOGIN, id_token: expect.any(String) })
  })

  it.each(['', ' '])('an exchange whose scope names nothing (%j) asks as one without: full', async (scope) => {
    const client = await scene.client()
    const { refreshToken } = await scene.refreshToken(client, userId)
    expect((await scene.refresh(client, refreshToken, { scope })).body).toMatchObject({ scope: LOGIN })
  })

  it('#38 exchange asks wider scope, no policies: 400 invalid_scope, and the token is not consumed', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const scope = ['openid', 'offline_access', 'read:orders']
    const { refreshToken, familyId } = await scene.refreshToken(client, userId, { scope })
    for (const wider of ['read:orders write:orders', 'unregistered:scope']) {
      expect(await scene.refresh(client, refreshToken, { scope: wider })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    }
    expect(await familyEvents(service, familyId)).toEqual(['FamilyStarted'])
    expect((await scene.refresh(client, refreshToken)).status).toBe(200)
  })

  it('#41 refresh sends redirect_uri, organization and what nobody knows: ignored', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { refreshToken } = await scene.refreshToken(client, userId)
    const more = {
      redirect_uri: 'https://elsewhere.example',
      organization: 'org_1',
      auth0Client: 'e30',
      unheard_of: 'x',
      scope: LOGIN.replace('offline_access', 'online_access'),
    }
    expect(await scene.refresh(client, refreshToken, more)).toMatchObject({ status: 200, body: { scope: LOGIN } })
  })

  it('#53 refresh_token= empty: 400 missing', async () => {
    const client = await scene.client()
    for (const body of [{ refresh_token: '' }, {}] as Record<string, string>[]) {
      expect(await scene.token(client, { grant_type: 'refresh_token', ...body })).toMatchObject({
        status: 400,
        body: { error: 'invalid_request', error_description: 'Missing required parameter: refresh_token' },
      })
    }
  })

  it('#54 token with surrounding spaces, or otherwise not to the letter: 403', async () => {
    const client = await scene.client()
    const { refreshToken } = await scene.refreshToken(client, userId)
    const others = [
      ` ${refreshToken}`,
      `${refreshToken} `,
      refreshToken.toUpperCase(),
      refreshToken.slice(0, -1),
      `${refreshToken}=`,
      'x',
      `v1.${'A'.repeat(70)}`,
    ]
    for (const text of others) expect(await scene.refresh(client, text)).toMatchObject(UNKNOWN)
    expect((await scene.refresh(client, refreshToken)).status).toBe(200)
  })

  it('#55 form body with two refresh_token: 400, and neither is consumed', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { refreshToken, familyId } = await scene.refreshToken(client, userId)
    const one = new URLSearchParams({ ...credentialsOf(client), grant_type: 'refresh_token', refresh_token: refreshToken }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const second of [refreshToken, 'other']) {
      expect(await scene.send('POST', 'oauth/token', `${one}&refresh_token=${second}`, headers)).toMatchObject({
        status: 400,
        body: { error: 'invalid_request' },
      })
    }
    expect(await familyEvents(service, familyId)).toEqual(['FamilyStarted'])
  })

  it('#56 GET /oauth/token: 405', async () => {
    const answer = await scene.send('GET', 'oauth/token')
    expect(answer).toMatchObject({ status: 405, body: { error: 'method_not_allowed' } })
    expect(answer.headers.get('allow')).toContain('POST')
  })
})
