import type { ClientDocument } from '../../src/authorization/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { type Clock, databaseWithClock } from '../support/clock.js'
import { dpopKey, tokenWithProof } from '../support/dpop.js'
import { PKCE } from '../support/logins.js'
import { type Answer, OAuthScene } from '../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, CALLBACK, PASSWORD } from '../support/people.js'
import { answerOf, type Page, Visitor } from '../support/visitor.js'

const SETTINGS = {
  CODE_TTL: '30',
  INTROSPECTION_ENABLED: 'false',
  ORT_REQUIRE_DPOP_FOR_PUBLIC_CLIENTS: 'true',
  PKCE_ALLOW_PLAIN: 'true',
  PKCE_REQUIRE_FOR_PUBLIC: 'true',
  SESSIONS_MIN_SECONDS: '1',
  WEB_MESSAGE_ALLOW_CALLBACK_ORIGINS: 'true',
}
const VERIFIER = 'x'.repeat(43)

/** As an operator sets them, by the environment: what each changes for those outside. */
describe('with settings other than the usual', () => {
  let service: TestApp
  let clock: Clock
  let scene: OAuthScene
  let client: ClientDocument
  let person: { email: string }
  beforeAll(async () => {
    const database = await databaseWithClock()
    clock = database.clock
    service = await startApp(SETTINGS, undefined, database.databaseUrl)
    scene = new OAuthScene(service)
    client = await aClient(service)
    person = await aPerson(service)
  })
  afterAll(() => service.close())

  const logIn = async (parameters: Record<string, string> = PKCE): Promise<Page> => {
    const who = new Visitor(service.url)
    const page = await who.get(authorizeUrl(client, parameters))
    return page.location ? page : who.submit(page, { username: person.email, password: PASSWORD, action: 'default' })
  }
  const grant = (page: Page) => ({ grant_type: 'authorization_code', code: answerOf(page)['code']!, redirect_uri: CALLBACK, code_verifier: VERIFIER })
  const redeem = async (page: Page): Promise<Answer> => scene.token(client, grant(page))

  it('a code lives for CODE_TTL', async () => {
    const [early, late] = [await logIn(), await logIn()]
    await clock.move(20)
    expect((await redeem(early)).status).toBe(200)
    await clock.move(11)
    expect(await redeem(late)).toMatchObject({ status: 403, body: { error: 'invalid_grant', error_description: 'Invalid authorization code' } })
  })

  it('public clients need PKCE, which may be plain, and discovery says so', async () => {
    expect(answerOf(await logIn({}))).toMatchObject({ error: 'invalid_request', error_description: 'Missing required parameter: code_challenge' })
    for (const method of [{ code_challenge_method: 'plain' }, {}]) {
      expect((await redeem(await logIn({ code_challenge: VERIFIER, ...method }))).status).toBe(200)
    }
    expect((await redeem(await logIn())).status).toBe(200)
    const { body } = await scene.send('GET', '.well-known/openid-configuration')
    expect(body.code_challenge_methods_supported).toEqual(['S256', 'plain'])
  })

  it('a public client gets an online refresh token for a proof alone, and its code is good until it brings one', async () => {
    const page = await logIn({ ...PKCE, scope: 'openid online_access', audience: await anApi(service, { allow_online_access: true }) })
    expect(await redeem(page)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: 'DPoP proof is required to use online refresh tokens with a public client' },
    })
    const proved = await tokenWithProof(scene, client, await dpopKey(), grant(page))
    expect(proved).toMatchObject({ status: 200, body: { refresh_token: expect.stringMatching(/^ORT/) } })
  })

  it('nobody may look into tokens, and discovery does not speak of it', async () => {
    expect(await scene.form('oauth/introspect', { token: 'x' })).toMatchObject({ status: 404, body: { error: 'endpoint_disabled' } })
    const { body } = await scene.send('GET', '.well-known/openid-configuration')
    expect(Object.keys(body).filter((name) => name.startsWith('introspection'))).toEqual([])
  })

  it('a window of a callback’s origin hears the answer', async () => {
    const page = await new Visitor(service.url).get(authorizeUrl(client, { ...PKCE, prompt: 'none', response_mode: 'web_message' }))
    expect([page.status, page.html]).toEqual([200, expect.stringMatching(/"error":"login_required".*"https:\/\/app\.example"\)/)])
  })

  it('sessions may be as short as SESSIONS_MIN_SECONDS', async () => {
    const set = async (seconds: number): Promise<number> => (await service.api('PATCH', 'tenants/settings', { idle_session_lifetime: seconds / 3600 })).status
    expect([await set(1), await set(0.9)]).toEqual([200, 400])
  })
})
