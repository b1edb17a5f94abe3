import { type ClientDocument, CreateClientGrant, DeleteClientGrant } from '../../src/authorization/index.js'
import { FindConnection } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { authorize, PKCE, redeemCode } from '../support/logins.js'
import { claimsOf, OAuthScene, ROTATING } from '../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, DIRECTORY, PASSWORD } from '../support/people.js'
import { answerOf, type Page, Visitor } from '../support/visitor.js'

const STRICT = { is_first_party: false, third_party_security_mode: 'strict' }
const NO_GRANT = 'You need to create a "client-grant" associated to this API.'

let service: TestApp
let scene: OAuthScene
let audience: string
let person: { userId: string; email: string }
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  audience = await anApi(service)
  person = await aPerson(service)
  const directory = await service.queries.execute(new FindConnection(DIRECTORY))
  await service.api('PATCH', `connections/${directory!.id}`, { is_domain_connection: true })
})
afterAll(() => service.close())

/** One that is told of errors where it asked for tokens. */
const aStrictClient = (members: Partial<ClientDocument> = {}): Promise<ClientDocument> =>
  aClient(service, { ...STRICT, redirection_policy: 'allow_always', refresh_token: ROTATING, ...members })
const userinfoClaims = ({ client_id }: ClientDocument, sub: string): object => ({ sub, azp: client_id, aud: `${service.url}userinfo`, gty: undefined })
const grantId = ({ client_id }: ClientDocument): string => `cgr_${client_id}`
const grant = (client: ClientDocument, subject_type: 'user' | 'client' = 'user'): Promise<unknown> =>
  service.commands.execute(new CreateClientGrant({ id: grantId(client), client_id: client.client_id, audience, scope: ['read:plants'], subject_type }, {}))
const ask = (client: ClientDocument, more: Record<string, string> = {}): Promise<Page> =>
  new Visitor(service.url).get(authorizeUrl(client, { audience, scope: 'read:plants', ...PKCE, ...more }))

describe("somebody else's client in strict mode", () => {
  it('gets nothing at an API that it was not granted, whatever the API lets others do', async () => {
    const client = await aStrictClient()
    expect(answerOf(await ask(client))).toMatchObject({ error: 'unauthorized_client', error_description: expect.stringContaining(NO_GRANT) })
    expect((await ask(await aClient(service, { ...STRICT, third_party_security_mode: 'permissive' }))).status).toBe(200)
    await grant(client)
    const { body } = await redeemCode(service, client, await authorize(service, client, person, audience))
    const next = await scene.refresh(client, body.refresh_token)
    expect(next.status).toBe(200)
    await service.commands.execute(new DeleteClientGrant(grantId(client), {}))
    expect(await scene.refresh(client, next.body.refresh_token)).toMatchObject({
      status: 403,
      body: { error: 'unauthorized_client', error_description: expect.stringContaining(NO_GRANT) },
    })
  })

  it('gets no ID token and no scopes of OpenID Connect, at a login and afterwards', async () => {
    const client = await aStrictClient()
    await grant(client)
    const { body } = await redeemCode(service, client, await authorize(service, client, person, audience))
    expect(body).not.toHaveProperty('id_token')
    expect(body.scope).toBe('offline_access read:plants')
    expect(claimsOf(body.access_token)).toMatchObject({ aud: audience, scope: 'offline_access read:plants' })
    const ofOldLogin = await scene.refreshToken(client, person.userId, { audience, scope: ['openid', 'email', 'offline_access', 'read:plants'] })
    const next = await scene.refresh(client, ofOldLogin.refreshToken)
    expect(next.body).not.toHaveProperty('id_token')
    expect(next.body.scope).toBe('offline_access read:plants')
    expect(claimsOf(next.body.access_token)).toMatchObject({ aud: audience, scope: 'offline_access read:plants' })
  })

  it('is told nothing at /userinfo, even with a token that an Action made for it', async () => {
    const token = (client: ClientDocument): Promise<string> => service.managementToken(['openid'], userinfoClaims(client, person.userId))
    const userinfo = async (client: ClientDocument): Promise<number> =>
      (await scene.send('GET', 'userinfo', undefined, { authorization: `Bearer ${await token(client)}` })).status
    expect(await userinfo(await aClient(service, { is_first_party: false }))).toBe(200)
    expect(await userinfo(await aStrictClient())).toBe(401)
  })

  it.each([
    ['v2/logout', 'returnTo'],
    ['oidc/logout', 'post_logout_redirect_uri'],
  ])('logs nobody out by /%s', async (path, parameter) => {
    const url = 'https://app.example/bye'
    const logOut = async (client: ClientDocument): Promise<Page> =>
      new Visitor(service.url).get(`/${path}?${new URLSearchParams({ client_id: client.client_id, [parameter]: url }).toString()}`)
    expect((await logOut(await aClient(service, { is_first_party: false, allowed_logout_urls: [url] }))).location?.href).toBe(url)
    const refused = await logOut(await aStrictClient({ allowed_logout_urls: [url] }))
    expect([refused.status, refused.location, refused.alert]).toEqual([400, undefined, 'This application may not log people out. unauthorized_client'])
  })

  it.each([
    ['a challenge', { code_challenge: '', code_challenge_method: '' }, 'Missing required parameter: code_challenge'],
    ['an organization', { organization: 'org_1' }, 'Parameter not allowed for this client: organization'],
    ['an invitation', { invitation: 'x' }, 'Parameter not allowed for this client: invitation'],
    ['a hint', { id_token_hint: 'x' }, 'Parameter not allowed for this client: id_token_hint'],
    ['a request object', { request: 'a.b.c' }, 'Parameter not allowed for this client: request'],
    ['a pushed request elsewhere', { request_uri: 'https://x' }, 'Parameter not allowed for this client: request_uri'],
  ])('must bring PKCE, and may not bring what is not for it: %s', async (_, more, error_description) => {
    expect(answerOf(await ask(await aStrictClient(), more))).toMatchObject({ error: 'invalid_request', error_description })
  })

  it('gets no tokens without a code', async () => {
    expect(answerOf(await ask(await aStrictClient(), { response_type: 'token' }))).toMatchObject({ error: 'unauthorized_client' })
  })

  it('is answered at an address that it names to the letter only', async () => {
    const client = await aStrictClient({ callbacks: ['https://*.app.example/cb', 'https://{organization_name}.app.example/cb'] })
    for (const redirect_uri of ['https://a.app.example/cb', 'https://*.app.example/cb']) {
      expect((await ask(client, { redirect_uri })).alert).toContain('Callback URL mismatch')
    }
  })

  it('lets people in through connections of the whole tenant', async () => {
    const client = await aStrictClient()
    await grant(client)
    const { body: other } = await service.api('POST', 'connections', { name: 'others', strategy: 'auth0' })
    expect(answerOf(await ask(client, { connection: 'others' }))).toMatchObject({ error_description: 'the connection is not enabled' })
    await service.api('PATCH', `connections/${other.id}`, { is_domain_connection: true })
    expect((await ask(client, { connection: 'others' })).status).toBe(200)
  })

  it('gets nothing in its own name either', async () => {
    const client = await scene.client(STRICT)
    const token = { grant_type: 'client_credentials', audience }
    expect(await scene.token(client, token)).toMatchObject({
      status: 403,
      body: { error: 'unauthorized_client', error_description: expect.stringContaining(NO_GRANT) },
    })
    expect((await scene.token(await scene.client({ is_first_party: false }), token)).body).toMatchObject({ error: 'access_denied' })
    await grant(client, 'client')
    expect(await scene.token(client, token)).toMatchObject({ status: 200, body: { scope: 'read:plants' } })
  })
})

describe('an error of such a client', () => {
  const shown = ({ status, location, alert }: Page): unknown => ({ status, location, alert })
  const onPage = (alert: string): unknown => ({ status: 400, location: undefined, alert })
  const protectedClient = (members: Partial<ClientDocument> = {}): Promise<ClientDocument> => aClient(service, { ...STRICT, ...members })

  it('is shown on a page, also where the request wanted none', async () => {
    const client = await protectedClient({ redirection_policy: 'open_redirect_protection' })
    await grant(client)
    expect(shown(await ask(client, { response_mode: 'form_post' }))).toEqual(onPage('Parameter not allowed for this client: response_mode invalid_request'))
    expect(shown(await ask(client, { prompt: 'none' }))).toEqual(onPage('Login required login_required'))
    expect(shown(await ask(await protectedClient(), { scope: '"' }))).toEqual(onPage('The scope is malformed. invalid_scope'))
  })

  it('is shown on a page where the person says no; an answer goes to the client', async () => {
    const client = await protectedClient()
    await grant(client)
    const who = new Visitor(service.url)
    const logIn = async (): Promise<Page> =>
      who.submit(await who.get(authorizeUrl(client, { audience, scope: 'read:plants', ...PKCE, prompt: 'login' })), {
        username: person.email,
        password: PASSWORD,
      })
    expect(shown(await who.submit(await logIn(), { action: 'deny' }))).toEqual(onPage('User did not authorize the request access_denied'))
    expect(answerOf(await who.submit(await logIn(), { action: 'accept' }))).toMatchObject({ code: expect.any(String), state: 'some state' })
  })

  it.each([{ redirection_policy: 'allow_always' }, { third_party_security_mode: 'permissive' }, { is_first_party: true }])(
    'goes to the client with %j',
    async (members) => {
      expect(answerOf(await ask(await protectedClient(members), { scope: '"' }))).toMatchObject({ error: 'invalid_scope', state: 'some state' })
    },
  )
})
