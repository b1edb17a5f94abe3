import type { ClientDocument } from '../../src/authorization/index.js'
import { ChangeTenantSettings } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { recorded } from '../support/recorded.js'
import { aClient, anApi, aPerson, authorizeUrl, CALLBACK, PASSWORD } from '../support/people.js'
import { answerOf, hiddenFields, type Page, Visitor } from '../support/visitor.js'

let service: TestApp
let client: ClientDocument
let person: { userId: string; email: string }
beforeAll(async () => {
  service = await startApp()
  client = await aClient(service)
  person = await aPerson(service)
})
afterAll(() => service.close())

const visitor = (): Visitor => new Visitor(service.url)
const ask = (parameters: Record<string, string> = {}, who = visitor(), app = client): Promise<Page> => who.get(authorizeUrl(app, parameters))
const logIn = async (parameters: Record<string, string> = {}, who = visitor(), app = client): Promise<Page> =>
  who.submit(await ask(parameters, who, app), { username: person.email, password: PASSWORD, action: 'default' })

describe('a request that nobody can be answered for', () => {
  it.each([
    ['no client', '/authorize', 400, 'invalid_request', 'Missing required parameter: client_id'],
    ['an unknown client', '/authorize?client_id=x&redirect_uri=https://evil.example', 400, 'invalid_request', 'Unknown client'],
    ['a client id that no database takes', '/authorize?client_id=%00&response_type=code', 400, 'invalid_request', 'Unknown client'],
    ['a client id of bytes', '/authorize?client_id=%ff%fe', 400, 'invalid_request', 'Unknown client'],
    ['two clients', '/authorize?client_id=a&client_id=b', 400, 'invalid_request', 'Parameter repeated: client_id'],
  ])('shows a page: %s', async (_, path, status, code, description) => {
    const page = await visitor().get(path)
    expect({ status: page.status, location: page.location, alert: page.alert }).toEqual({ status, location: undefined, alert: `${description} ${code}` })
  })

  it.each([
    'https://evil.example/callback',
    `${CALLBACK}/x`,
    `${CALLBACK}?x=1`,
    `${CALLBACK}#x`,
    'https://app.example:444/callback',
    'http://app.example/callback',
    'https://app.example@evil.example/callback',
    'https://app.example\\@evil.example/callback',
    '//evil.example',
    'javascript:alert(1)',
    '/callback',
    'x',
  ])('is never redirected to %s', async (redirect_uri) => {
    const page = await ask({ redirect_uri })
    expect({ status: page.status, location: page.location }).toEqual({ status: 403, location: undefined })
    expect(page.alert).toContain('Callback URL mismatch')
    expect(page.alert).toContain('unauthorized_client')
  })

  it('is refused when the redirect URI came twice', async () => {
    const page = await visitor().get(`${authorizeUrl(client)}&redirect_uri=https://evil.example`)
    expect([page.status, page.location]).toEqual([400, undefined])
  })

  it('refers to a pushed request, of which there is none', async () => {
    const request_uri = 'urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c'
    for (const more of [{ redirect_uri: '', response_type: '' }, { prompt: 'none' }]) {
      const page = await ask({ request_uri, ...more })
      expect([page.status, page.location]).toEqual([400, undefined])
      expect(page.alert).toContain('invalid_request_uri')
    }
  })

  it('is too long', async () => {
    const page = await visitor().post('/authorize', { client_id: client.client_id, state: 'x'.repeat(20_000) })
    expect([page.status, page.alert]).toEqual([413, 'The request is too long. payload_too_large'])
  })

  it('comes by another method or type', async () => {
    const put = await fetch(`${service.url}authorize`, { method: 'PUT' })
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, POST'])
    const json = await fetch(`${service.url}authorize`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
    expect(json.status).toBe(400)
  })
})

describe('a request that is wrong', () => {
  it.each<[string, Record<string, string>, string, string]>([
    ['no response type', { response_type: '' }, 'invalid_request', 'Missing required parameter: response_type'],
    ['an unknown response type', { response_type: 'code magic' }, 'unsupported_response_type', 'Unsupported response type: code magic'],
    ['an unknown mode', { response_mode: 'smoke' }, 'invalid_request', 'Unsupported response mode: smoke'],
    ['a malformed scope', { scope: 'openid "x"' }, 'invalid_scope', 'The scope is malformed.'],
    [
      'both kinds of refresh token',
      { scope: 'online_access offline_access' },
      'invalid_request',
      'Cannot request both online_access and offline_access scopes',
    ],
    ['prompts that exclude each other', { prompt: 'none login' }, 'invalid_request', 'prompt=none must stand alone'],
    ['an unknown prompt', { prompt: 'maybe' }, 'invalid_request', 'Unsupported prompt'],
    ['a max_age that is no number', { max_age: '-1' }, 'invalid_request', 'max_age must be a number of seconds'],
    ['a plain challenge', { code_challenge: 'x'.repeat(43), code_challenge_method: 'plain' }, 'invalid_request', 'code_challenge_method must be S256'],
    ['a challenge without method', { code_challenge: 'x'.repeat(43) }, 'invalid_request', 'code_challenge_method must be S256'],
    [
      'a short challenge',
      { code_challenge: 'x', code_challenge_method: 'S256' },
      'invalid_request',
      'code_challenge must have 43 to 128 unreserved characters',
    ],
    ['a method without challenge', { code_challenge_method: 'S256' }, 'invalid_request', 'Missing required parameter: code_challenge'],
    ['an unknown API', { audience: 'https://nobody' }, 'access_denied', 'Service not found: https://nobody'],
    ['an unknown connection', { connection: 'nowhere' }, 'invalid_request', 'the connection is not enabled'],
    ['an organization', { organization: 'org_1' }, 'invalid_request', 'parameter organization is not allowed for this client'],
    ['a request object', { request: 'a.b.c' }, 'request_not_supported', 'request is not supported'],
    ['a request URI', { request_uri: 'https://x' }, 'request_uri_not_supported', 'request_uri is not supported'],
    ['rich authorization', { authorization_details: '[{"type":"payment"}]' }, 'invalid_request', 'authorization_details is not supported'],
    ['control characters', { nonce: 'a\u0000b' }, 'invalid_request', 'A parameter has control characters.'],
  ])('is answered to the client: %s', async (_, parameters, error, error_description) => {
    const page = await ask(parameters)
    expect([page.status, page.location?.origin, page.location?.pathname]).toEqual([302, 'https://app.example', '/callback'])
    expect(answerOf(page)).toEqual({ error, error_description, state: 'some state' })
  })

  it('asks for both kinds of refresh token, which is told after all else that is wrong with it, and before anybody logs in', async () => {
    const both = { scope: 'online_access offline_access' }
    const told = async (more: Record<string, string>): Promise<string | undefined> => answerOf(await ask({ ...both, ...more }))['error_description']
    expect(await told({ prompt: 'maybe' })).toBe('Unsupported prompt')
    expect(await told({ code_challenge: 'x' })).toBe('code_challenge_method must be S256')
    expect(await told({ organization: 'org_1' })).toBe('parameter organization is not allowed for this client')
    expect(await told({ audience: 'https://nobody.example' })).toBe('Service not found: https://nobody.example')
    expect(await told({ connection: 'nowhere' })).toBe('the connection is not enabled')
    expect(await told({ prompt: 'none' })).toBe('Cannot request both online_access and offline_access scopes')
  })

  it('is answered in the fragment when it asked for tokens', async () => {
    const page = await ask({ response_type: 'token id_token', nonce: 'n' })
    expect(page.location?.search).toBe('')
    expect(answerOf(page)).toMatchObject({ error: 'unauthorized_client', state: 'some state' })
    const implicit = await aClient(service, { grant_types: ['implicit'] })
    expect(answerOf(await ask({}, visitor(), implicit))).toMatchObject({ error: 'unauthorized_client' })
  })

  it('is of a third-party client in strict mode, and says more than that may', async () => {
    const strict = await aClient(service, { is_first_party: false, third_party_security_mode: 'strict', redirection_policy: 'allow_always' })
    const challenge = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256', prompt: 'none' }
    expect(answerOf(await ask({ ...challenge, 'ext-a': '1', correlation_id: 'c', display: 'page' }, visitor(), strict))['error']).not.toBe('invalid_request')
    for (const name of ['response_mode', 'screen_hint', 'auth0Client', 'organization', 'Display', '__proto__']) {
      expect(answerOf(await ask({ ...challenge, ...Object.fromEntries([[name, 'query']]) }, visitor(), strict))).toEqual({
        error: 'invalid_request',
        error_description: `Parameter not allowed for this client: ${name}`,
        state: 'some state',
      })
    }
  })

  it('has a parameter twice', async () => {
    expect(answerOf(await visitor().get(`${authorizeUrl(client)}&scope=x`))).toMatchObject({
      error: 'invalid_request',
      error_description: 'Parameter repeated: scope',
    })
  })

  it('is recorded, with who asked sealed', async () => {
    const { rows } = await service.pool.query(
      `select data, metadata from events where type = 'AuthorizeFailed' and data->>'description' = 'Service not found: https://nobody'`,
    )
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ data: { error: 'access_denied', silent: false }, metadata: { clientId: client.client_id } })
    expect(JSON.stringify(rows[0])).not.toContain('127.0.0.1')
  })
})

describe('an answer', () => {
  it('comes in the query, with state', async () => {
    const page = await logIn()
    expect([page.status, page.location?.href.startsWith(`${CALLBACK}?code=`)]).toEqual([302, true])
    expect(Object.keys(answerOf(page)).sort()).toEqual(['code', 'state'])
    expect(answerOf(page)['state']).toBe('some state')
    expect(page.headers.get('cache-control')).toBe('no-store')
  })

  it('comes in the fragment', async () => {
    const page = await logIn({ response_mode: 'fragment' })
    expect(page.location?.search).toBe('')
    expect(answerOf(page)).toMatchObject({ state: 'some state' })
  })

  it('comes as a form that posts itself, under a policy of its own', async () => {
    const page = await logIn({ response_mode: 'form_post', state: '"><script>alert(1)</script>' })
    expect(page.status).toBe(200)
    expect(page.html).toContain(`<form method="post" action="${CALLBACK}">`)
    expect(page.html).toContain('<button type="submit">Continue</button>')
    expect(page.html).not.toContain('<script>alert')
    expect(hiddenFields(page)).toEqual({ code: expect.any(String), state: '"><script>alert(1)</script>' })
    const [, nonce] = /<script nonce="([^"]+)">/.exec(page.html)!
    expect(page.headers.get('content-security-policy')).toContain(`script-src 'nonce-${nonce}'`)
    const failed = await ask({ response_mode: 'form_post', prompt: 'none' })
    expect(hiddenFields(failed)).toEqual({ error: 'login_required', error_description: 'Login required', state: 'some state' })
  })

  it('keeps the query of the redirect URI', async () => {
    const app = await aClient(service, { callbacks: ['https://app.example/callback?tenant=1'] })
    const page = await logIn({ redirect_uri: 'https://app.example/callback?tenant=1' }, visitor(), app)
    expect(answerOf(page)).toMatchObject({ tenant: '1', code: expect.any(String) })
  })

  it('goes to the first callback when none is named', async () => {
    const page = await logIn({ redirect_uri: '' })
    expect(page.location?.href.startsWith(CALLBACK)).toBe(true)
  })

  it('names the issuer when the tenant wants it', async () => {
    await service.commands.execute(new ChangeTenantSettings({ authorization_response_iss_parameter_supported: true }, {}))
    expect(answerOf(await logIn())).toMatchObject({ iss: service.url })
    expect(answerOf(await ask({ prompt: 'none' }))).toMatchObject({ iss: service.url, error: 'login_required' })
    await service.commands.execute(new ChangeTenantSettings({ authorization_response_iss_parameter_supported: undefined }, {}))
  })

  it('is given to a request that came as a form', async () => {
    const who = visitor()
    const { searchParams } = new URL(authorizeUrl(client), service.url)
    const page = await who.submit(await who.post('/authorize', Object.fromEntries(searchParams)), { username: person.email, password: PASSWORD })
    expect(answerOf(page)).toMatchObject({ code: expect.any(String) })
  })
})

describe('the scope of a code', () => {
  const scopeOf = async (parameters: Record<string, string>, app: ClientDocument): Promise<string[]> => {
    await logIn(parameters, visitor(), app)
    const issued = (await recorded(service, 'AuthorizationCodeIssued')).filter(({ data }) => data['clientId'] === app.client_id)
    return issued.at(-1)!.data['scope'] as string[]
  }

  it('is what was asked for, of what there is', async () => {
    const audience = await anApi(service)
    const scope = 'openid read:plants eat:plants offline_access profile'
    expect(await scopeOf({ audience, scope }, client)).toEqual(['openid', 'read:plants', 'offline_access', 'profile'])
    expect(await scopeOf({ scope }, client)).toEqual(['openid', 'offline_access', 'profile'])
    // As Auth0's older samples ask for no API.
    expect(await scopeOf({ scope, audience: `${service.url}userinfo` }, client)).toEqual(['openid', 'offline_access', 'profile'])
  })

  it('has no offline access where client or API have none', async () => {
    const audience = await anApi(service, { allow_offline_access: false })
    const scope = 'openid offline_access'
    expect(await scopeOf({ audience, scope }, client)).toEqual(['openid'])
    const once = await aClient(service, { grant_types: ['authorization_code'] })
    expect(await scopeOf({ scope }, once)).toEqual(['openid'])
    const spa = await aClient(service, { app_type: 'spa' })
    expect(await scopeOf({ scope }, spa)).toEqual(['openid'])
    const rotating = await aClient(service, { app_type: 'spa', refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring' } })
    expect(await scopeOf({ scope }, rotating)).toEqual(['openid', 'offline_access'])
  })

  it('gives nobody power over the Management API by asking', async () => {
    const audience = `${service.url}api/v2/`
    expect(await scopeOf({ audience, scope: 'openid read:users create:users read:current_user' }, client)).toEqual(['openid', 'read:current_user'])
  })
})
