import { ChangeClient, type ClientDocument } from '../../../src/authorization/index.js'
import { startApp, type TestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'
import { type Answer, OAuthScene, ROTATING, UNKNOWN } from '../../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, CALLBACK, PASSWORD } from '../../support/people.js'
import { answerOf, Visitor } from '../../support/visitor.js'

let service: TestApp
let scene: OAuthScene
let person: { userId: string; email: string }
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
  person = await aPerson(service)
})
afterAll(() => service.close())

const SCOPE = 'openid offline_access read:plants'
const redeem = (client: ClientDocument, code: string): Promise<Answer> =>
  scene.form('oauth/token', { grant_type: 'authorization_code', client_id: client.client_id, code, redirect_uri: CALLBACK })
/** From the login page to the token endpoint. */
const logIn = async (client: ClientDocument, parameters: Record<string, string>, who = new Visitor(service.url)): Promise<Answer> => {
  const form = await who.get(authorizeUrl(client, { scope: SCOPE, ...parameters }))
  const page = await who.submit(form, { username: person.email, password: PASSWORD, action: 'default' })
  return redeem(client, answerOf(page)['code']!)
}

describe('edge cases of refresh tokens: issuing (spec/refresh-tokens.md §17)', () => {
  it('#29 offline_access but API has it off: tokens without one, scope without offline_access, 200', async () => {
    const client = await aClient(service, { refresh_token: ROTATING })
    const { status, body } = await logIn(client, { audience: await anApi(service, { allow_offline_access: false }) })
    expect({ status, scope: body.scope }).toEqual({ status: 200, scope: 'openid read:plants' })
    expect(body).not.toHaveProperty('refresh_token')
    const granted = await logIn(client, { audience: await anApi(service) })
    expect(granted).toMatchObject({ status: 200, body: { scope: SCOPE, refresh_token: expect.stringMatching(/^v1\./) } })
  })

  it('#30 offline_access, SPA non-rotating: the same', async () => {
    const client = await aClient(service, { app_type: 'spa' })
    const { status, body } = await logIn(client, { audience: await anApi(service) })
    expect({ status, scope: body.scope }).toEqual({ status: 200, scope: 'openid read:plants' })
    expect(body).not.toHaveProperty('refresh_token')
  })

  it('#44 201st login: the oldest dies, the 201st works', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const userId = await scene.user()
    const oldest = await scene.refreshToken(client, userId)
    for (let n = 0; n < 10; n++) await Promise.all(Array.from({ length: n < 9 ? 20 : 19 }, () => scene.refreshToken(client, userId)))
    expect((await scene.refresh(client, oldest.refreshToken)).status).toBe(200)
    const other = await scene.refreshToken(client, await scene.user())
    const newest = await scene.refreshToken(client, userId)
    await eventually(async () => (await scene.facts('FamilyRevoked')).some(({ data }) => data.reason === 'limit'))
    expect((await scene.refresh(client, newest.refreshToken)).status).toBe(200)
    expect((await scene.refresh(client, other.refreshToken)).status).toBe(200)
    expect((await scene.facts('FamilyRevoked')).map(({ data }) => data.reason)).toEqual(['limit'])
    const { rows } = await service.pool.query<{ id: string }>(`select stream_id as id from events where type = 'FamilyRevoked'`)
    expect(rows).toEqual([{ id: `refresh_token_family-${oldest.familyId}` }])
  })

  it('#60 code replay: the tokens of that code die', async () => {
    const client = await aClient(service, { refresh_token: { ...ROTATING, leeway: 60 } })
    const userId = await scene.user()
    const code = await scene.code(client, userId, { redirectUri: CALLBACK, audience: null })
    const { status, body } = await redeem(client, code)
    expect(status).toBe(200)
    const successor = (await scene.refresh(client, body.refresh_token)).body.refresh_token
    const authorization = `Bearer ${body.access_token}`
    expect((await scene.send('GET', 'userinfo', undefined, { authorization })).status).toBe(200)
    expect(await redeem(client, code)).toMatchObject({ status: 403, body: { error: 'invalid_grant', error_description: 'Invalid authorization code' } })
    for (const token of [body.refresh_token, successor]) expect(await scene.refresh(client, token)).toMatchObject(UNKNOWN)
    expect((await scene.send('GET', 'userinfo', undefined, { authorization })).status).toBe(401)
  })
})

describe('a refresh token (§3)', () => {
  it('comes with silent authentication too, of a family of its own', async () => {
    const client = await aClient(service, { refresh_token: ROTATING })
    const who = new Visitor(service.url)
    const audience = await anApi(service)
    const first = await logIn(client, { audience }, who)
    const silent = await who.get(authorizeUrl(client, { audience, scope: SCOPE, prompt: 'none' }))
    const second = await redeem(client, answerOf(silent)['code']!)
    expect(second).toMatchObject({ status: 200, body: { refresh_token: expect.stringMatching(/^v1\./) } })
    expect((await scene.refresh(client, first.body.refresh_token)).status).toBe(200)
    expect((await scene.refresh(client, first.body.refresh_token)).status).toBe(403)
    // The reuse of one is nothing to the other.
    expect((await scene.refresh(client, second.body.refresh_token)).status).toBe(200)
  })

  it.each([
    [
      'is no single-page application with tokens that stay the same',
      { app_type: 'spa', refresh_token: { rotation_type: 'non-rotating', expiration_type: 'non-expiring' } },
    ],
    ['has the grant', { grant_types: ['authorization_code'] }],
  ])('comes only if the client %s, at the moment of the exchange', async (_, change) => {
    const client = await aClient(service, { refresh_token: ROTATING })
    const code = await scene.code(client, person.userId, { redirectUri: CALLBACK })
    await service.commands.execute(new ChangeClient(client.client_id, change, {}))
    const { status, body } = await redeem(client, code)
    expect({ status, scope: body.scope }).toEqual({ status: 200, scope: 'openid profile email read:orders' })
    expect(body).not.toHaveProperty('refresh_token')
  })
})
