import { jest } from '@jest/globals'
import { Logger } from '@nestjs/common'
import fc from 'fast-check'
import { SignJWT } from 'jose'
import { register } from 'prom-client'
import type { ClientDocument } from '../../src/authorization/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { type Answered, type Route, routesOf, type Sent } from '../support/hostile.js'
import { Attacks, encode, form, FORM, head, json, JSON_TYPE, sendBytes, share } from '../support/hostile-attacks.js'
import { ENCODED, QUERY, SEARCHES, SORTS, TEXTS, THINGS, XSS } from '../support/hostile-values.js'
import { AUDIENCE, CALLBACK, credentialsOf, OAuthScene, ROTATING } from '../support/oauth.js'
import { hiddenFields, Visitor } from '../support/visitor.js'

jest.setTimeout(300_000)

const SEED = Number(process.env['HOSTILE_SEED'] ?? 20_260_101)
const RUNS = Number(process.env['HOSTILE_RUNS'] ?? 600)
const PASSWORD = 'Correct-Horse-1'

let service: TestApp
let scene: OAuthScene
let client: ClientDocument
let token: string
let userId: string
let refreshToken: string
let routes: Route[]
/** A login page of one browser. */
let page: { readonly cookie: string; readonly fields: Record<string, string> }
let ids: string[]
/** Of requests whose bodies stop coming: begun at once, since the service waits for the rest. */
let stalled: Promise<string>[]

/** Where every fault that no caller is told of is written. */
const faults = jest.spyOn(Logger.prototype, 'error')

beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
  client = await scene.client({ refresh_token: ROTATING })
  await scene.grant(client.client_id, ['read:orders'])
  userId = await scene.user({ email: 'ada@example.com', password: PASSWORD })
  refreshToken = (await scene.refreshToken(client, userId)).refreshToken
  token = await service.managementToken()
  routes = routesOf(service)
  const visitor = new Visitor(service.url)
  const shown = await visitor.get(authorizePath())
  page = { cookie: [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; '), fields: hiddenFields(shown) }
  const victim = await scene.client()
  ids = [victim.client_id, encodeURIComponent(await scene.user()), encodeURIComponent(AUDIENCE), 'x']
  stalled = [...FORMS.map((path) => raw(`${head(path, LONG)}grant_type=`)), raw(`${head('/api/v2/clients', managed(LONG))}x=`)]
})
afterAll(() => service.close())

const authorizePath = (over: Record<string, string> = {}): string =>
  `/authorize?${new URLSearchParams({ response_type: 'code', client_id: client.client_id, redirect_uri: CALLBACK, scope: 'openid', state: 's', ...over }).toString()}`
const bearer = (text = token): Record<string, string> => ({ authorization: `Bearer ${text}` })

const attacks = new Attacks(() => ({ service, token }))
const expectClean = (all: readonly Sent[], statuses?: readonly number[]): Promise<Answered[]> => attacks.expectClean(all, statuses)
const raw = (bytes: string, how?: { abort: boolean }): Promise<string> => sendBytes(service, bytes, how)

test('the list of routes is all of them', () => {
  expect(routes.length).toBeGreaterThan(60)
  for (const path of ['/authorize', '/u/login', '/oauth/token', '/oauth/revoke', '/oauth/introspect', '/userinfo', '/health/ready', '/api/v2/clients/:id'])
    expect(routes.map((route) => route.path)).toContain(path)
  expect(routes.flatMap(({ members }) => members)).toEqual(expect.arrayContaining(['callbacks', 'password', 'user_metadata']))
})

test('methods that do not fit are refused at every address', async () => {
  const paths = [...new Set(routes.map(({ path }) => path))].map((path) => path.replace(/:\w+|\{?\*\w+\}?/g, 'x'))
  await expectClean(paths.flatMap((path) => ['PUT', 'DELETE', 'TRACE', 'PROPFIND', 'HEAD'].map((method) => ({ method, path, headers: {} }))))
})

test('addresses with faults in their encoding', async () => {
  const withIds = routes.filter(({ path }) => path.includes(':'))
  const idsFor = (n: number): readonly string[] => share(ENCODED, n, 6)
  await expectClean(withIds.flatMap(({ method, path }, n) => idsFor(n).map((id) => ({ method: method === 'ALL' ? 'GET' : method, path: path.replace(/:\w+/g, id), headers: bearer() }))))
  const odd = ['/%', '/%00', '//', '/..', '/authorize%00', '/oauth/token%0d%0a', '/api/v2/%zz', '/api/v2', '/API/V2/clients', '/u/../api', `/${'a'.repeat(9000)}`, '/?%', '/authorize?%', '/authorize?=&&=', '/health/ready?__proto__[x]=1']
  await expectClean(odd.map((path) => ({ method: 'GET', path })))
}) // prettier-ignore

test('lists with hostile queries', async () => {
  const reads = routes.filter(({ method, path }) => method === 'GET' && path.startsWith('/api/v2/'))
  const lists = reads.map(({ path }) => path.replace('users/:id', `users/${encodeURIComponent(userId)}`)).filter((path) => !path.includes(':'))
  const numbers = ['-1', '1.5', 'x', '99999999999', '9'.repeat(400), '%00', '']
  const parameters = [
    ...['page', 'per_page', 'take'].flatMap((name) => numbers.map((value) => `${name}=${value}`)),
    ...['per_page=100&page=10000000', 'page=1&page=2', 'from=x', `from=x.${encode('é'.repeat(22))}`, 'from=a&from=b', 'take=1&from=%00', 'from=eyJ.eyJ', 'from=WyJhIiwxXQ.AAAAAAAAAAAAAAAAAAAAAA', 'fields=__proto__,constructor', 'fields=%00', 'fields=%27%3B--', 'include_fields=x', 'include_totals=yes'],
    ...['__proto__=1&constructor=1', 'q[a]=1', 'sort[]=x&page[a]=1', 'q=%28%28%28%28', `q=${'%28'.repeat(2000)}`, 'sort=%27;drop', '%ff=%fe', 'unknown=1&b&=c&&', `x=${'y'.repeat(9000)}`],
  ] // prettier-ignore
  await expectClean(lists.flatMap((path, n) => share(parameters, n, 3).map((query) => ({ method: 'GET', path: `${path}?${query}`, headers: bearer() }))))
  const searched = ['/api/v2/users', '/api/v2/logs']
  const searches = searched.flatMap((path) => [
    ...SEARCHES.map((q) => `${path}?q=${encode(q)}&search_engine=v3`),
    ...SORTS.map((sort) => `${path}?sort=${encode(sort)}`),
  ])
  await expectClean(searches.map((path) => ({ method: 'GET', path, headers: bearer() })))
})

test('bodies of the Management API that are none', async () => {
  const bodies: [string, Record<string, string>][] = [
    ['{', JSON_TYPE], ['[]', JSON_TYPE], ['"x"', JSON_TYPE], ['1', JSON_TYPE], ['[[[[', JSON_TYPE], ['{"a":1e999}', JSON_TYPE], ['{"__proto__":{"x":1}}', JSON_TYPE],
    ['{"constructor":{"prototype":{"x":1}}}', JSON_TYPE], ['{"name":"\\u0000"}', JSON_TYPE], ['{"name":"\\ud800"}', JSON_TYPE], ['{"\\u0000":1}', JSON_TYPE],
    ['null', JSON_TYPE], ['{}', JSON_TYPE], ['{"name":', JSON_TYPE], ['{"name":"x","toString":"y","hasOwnProperty":1,"valueOf":null}', JSON_TYPE], ['{"name":"x","client_metadata":{"\\udc00":"x"}}', JSON_TYPE], ['{"name":"\\u202Eevil","identifier":"\\u202Eevil"}', JSON_TYPE],
    ['{"name":[],"identifier":{},"ids":{},"user_id":[],"scope":"x","refresh_token":[],"flags":[],"connection":1,"email":{}}', JSON_TYPE], [`{"name":"'; drop table clients; --","identifier":"' or 1=1 --"}`, JSON_TYPE], ['{"name":"x","token_lifetime":1e999,"identifier":"x"}', JSON_TYPE],
    [`{${Array.from({ length: 5000 }, (_, n) => `"m${n}":1`).join(',')}}`, JSON_TYPE], [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, JSON_TYPE], [`${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`, JSON_TYPE],
    [`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`, JSON_TYPE], ['<a/>', { 'content-type': 'application/xml' }], ['{}', { 'content-type': 'application/json; charset=utf-16' }], ['a=1&a=2', FORM], ['name=%00', FORM], ['--x', { 'content-type': 'multipart/form-data; boundary=x' }],
  ] // prettier-ignore
  // Rotating the keys under this test's token is no part of it.
  const writes = routes.filter(({ method, path }) => path.startsWith('/api/v2/') && !['GET', 'ALL'].includes(method) && path !== '/api/v2/keys/signing/rotate')
  const bodiesFor = (n: number): typeof bodies => share(bodies, n, 4)
  await expectClean(writes.flatMap(({ method, path }, n) => bodiesFor(n).map(([body, headers]) => ({ method, path: path.replace(/:\w+/g, 'x'), headers: { ...bearer(), ...headers }, body }))))
  await expectClean([json('POST', '/api/v2/clients', `{"name":"${'x'.repeat(1_100_000)}"}`, bearer())], [413])
}) // prettier-ignore

test('tokens that are forged, spent or of another kind, wherever one is taken', async () => {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: service.url,
    sub: 'management@clients',
    azp: 'management',
    aud: `${service.url}api/v2/`,
    scope: 'read:clients',
    iat: now,
    exp: now + 60,
  }
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const [header, payload, signature] = token.split('.') as [string, string, string]
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }
  const jwks = await scene.send('GET', '.well-known/jwks.json')
  const hmac = (key: string, head: object): Promise<string> =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', ...head }).sign(Buffer.from(key))
  const publicKey = JSON.stringify((jwks.body as unknown as { keys: unknown[] }).keys[0])
  const forged = [
    `${part({ alg: 'none' })}.${part(claims)}.`, `${part({ alg: 'none', kid })}.${part(claims)}.${signature}`, `${part({ alg: 'NONE', kid })}.${part(claims)}.`, await hmac(publicKey, { kid }),
    await hmac('', { kid: '../../dev/null' }).catch(() => 'x'), await hmac(publicKey.padEnd(32), { kid: 'other' }), `${part({ alg: 'RS256', kid: 'other' })}.${payload}.${signature}`, `${header}.${part({ ...claims, scope: 'all' })}.${signature}`,
    `${header}.${payload}`, `${header}.${payload}.`, `${header}..${signature}`, `${header}.${payload}.${signature.slice(2)}`, `${token}.x`, `${part({ alg: 'RS256', kid: 1 })}.${payload}.${signature}`, `${part({ alg: 'RS256', kid, crit: ['x'], x: 1 })}.${payload}.${signature}`,
    `${part({ alg: 'RS256', jwk: {} })}.${payload}.${signature}`, `${part({ alg: 'RS256', jku: 'https://evil.example/' })}.${payload}.${signature}`, 'null', 'bnVsbA.bnVsbA.bnVsbA', '...', 'x'.repeat(7000), refreshToken, page.fields['transaction']!.slice(0, 6000),
    await service.managementToken(undefined, { exp: now - 60 }), await service.managementToken(undefined, { aud: AUDIENCE }), await service.managementToken(undefined, { iss: 'https://evil.example/' }), await service.managementToken(undefined, { nbf: now + 600 }),
  ] // prettier-ignore
  await expectClean(
    forged.map((text) => ({ method: 'GET', path: '/api/v2/clients', headers: bearer(text) })),
    [400, 401],
  )
  await expectClean(
    forged.map((text) => ({ method: 'GET', path: '/userinfo', headers: bearer(text) })),
    [400, 401],
  )
  await expectClean(
    forged.map((text) => form('/userinfo', { access_token: text })),
    [400, 401],
  )
  await expectClean(
    forged.map((text) => form('/oauth/introspect', { token: 'x' }, bearer(text))),
    [400, 401],
  )
  const others = forged.filter((text) => text !== refreshToken)
  await expectClean(
    others.map((text) => form('/oauth/introspect', { token: text, ...credentialsOf(client) })),
    [200],
  )
  await expectClean(
    others.map((text) => form('/oauth/token', { grant_type: 'refresh_token', refresh_token: text, ...credentialsOf(client) })),
    [400, 403],
  )
  await expectClean(
    [...others, refreshToken].map((code) => form('/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...credentialsOf(client) })),
    [400, 403],
  )
  const assertion = { grant_type: 'client_credentials', audience: AUDIENCE, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' }
  await expectClean(
    forged.map((text) => form('/oauth/token', { ...assertion, client_id: client.client_id, client_assertion: text })),
    [400, 401],
  )
  await expectClean(
    others.map((text) => form('/oauth/revoke', { token: text, ...credentialsOf(client) })),
    [200, 400],
  )
  for (const scheme of [
    'Basic',
    'Basic ',
    'Basic !!!',
    'Basic Og==',
    'Basic JTAwOiUwMA==',
    'Basic JXp6OiV6eg==',
    'Basic /////w==',
    'Bearer',
    'Bearer  a b',
    'Digest x',
    '\x80\xff',
    'Basic YTpiOmM=, Bearer x',
  ]) {
    await expectClean(
      [
        form('/oauth/token', { grant_type: 'client_credentials' }, { authorization: scheme }),
        form('/oauth/introspect', { token: 'x' }, { authorization: scheme }),
      ],
      [400, 401],
    )
    await expectClean([{ method: 'GET', path: '/api/v2/clients', headers: { authorization: scheme } }], [400, 401])
  }
})

test('redirect URIs and what comes back with them', async () => {
  const uris = ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,<script>alert(1)</script>', 'vbscript:x', '//evil.example/callback', 'https://evil.example/callback', `${CALLBACK}/`, `${CALLBACK}?a=1`, `${CALLBACK}#x`, `${CALLBACK}\r\nX: y`, `${CALLBACK}\0`, `${CALLBACK}%0d%0a`, `https://app.example.com@evil.example/callback`, `https://app.example.com\\@evil.example/callback`, `https://app.example.com:443/callback`, `https://app.example.com.evil.example/callback`, '/callback', ' ', XSS, 'x'.repeat(3000), `${CALLBACK}/../x`, 'HTTPS://app.example.com/CALLBACK']
  const refused = await expectClean(uris.map((redirect_uri) => ({ method: 'GET', path: authorizePath({ redirect_uri }) })), [400, 403])
  for (const { headers } of refused) expect(headers['location']).toBeUndefined()
  const states = ['\r\nSet-Cookie: evil=1', '\u2028', XSS, 'é💩', '%0d%0aX-Evil: 1', 'x'.repeat(4000)]
  for (const response_mode of ['query', 'fragment', 'form_post']) {
    const answers = await expectClean(states.map((state) => ({ method: 'GET', path: authorizePath({ state, prompt: 'none', response_mode }) })), [200, 302, 400])
    for (const { headers } of answers) {
      expect(headers['set-cookie']?.toString() ?? '').not.toContain('evil')
      expect(headers['x-evil']).toBeUndefined()
      if (headers['location'] !== undefined) expect(headers['location']).toMatch(/^https:\/\/app\.example\.com\/callback[?#]/)
    }
  }
}) // prettier-ignore

test('requests to /authorize with every parameter repeated, hostile or too long', async () => {
  const names = ['response_type', 'client_id', 'redirect_uri', 'scope', 'state', 'nonce', 'audience', 'prompt', 'max_age', 'response_mode', 'code_challenge', 'code_challenge_method', 'login_hint', 'connection', 'ui_locales', 'screen_hint', 'acr_values', 'id_token_hint', 'resource', 'dpop_jkt', 'organization', 'request', 'request_uri', 'display', 'claims', '__proto__']
  const values = ['\0', XSS, '\r\nX: y', 'x'.repeat(3000), '-1', '99999999999999999999', '__proto__', 'é'.repeat(43), `' or 1=1`]
  await expectClean(names.flatMap((name) => values.map((value) => ({ method: 'GET', path: authorizePath({ [name]: value }) }))))
  await expectClean(names.map((name) => ({ method: 'GET', path: `${authorizePath()}&${name}=a&${name}=b` })))
  await expectClean(names.map((name) => ({ method: 'GET', path: `${authorizePath()}&${name}=%ed%a0%80&x=%zz` })))
  await expectClean(names.map((name) => form('/authorize', { response_type: 'code', client_id: client.client_id, redirect_uri: CALLBACK, [name]: '\ud800\0' })))
  await expectClean([{ method: 'GET', path: authorizePath({ state: 'x'.repeat(17_000) }) }], [414])
  await expectClean([form('/authorize', { client_id: client.client_id, state: 'x'.repeat(17_000) })], [413])
}) // prettier-ignore

test('forms with transactions and cookies that are forged, cut or of another browser', async () => {
  const { transaction } = page.fields as { transaction: string }
  const logIn = { username: 'ada@example.com', password: PASSWORD, action: 'default' }
  const other = new Visitor(service.url)
  await other.get(authorizePath())
  const otherCookie = [...other.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const cookies = ['', 'login=', 'login=x', 'login=\x80\xff', `${page.cookie}x`, page.cookie.slice(0, -1), otherCookie, 'login', '='.repeat(100), ';;;', 'x='.padEnd(4000, 'y')]
  const transactions = ['', 'x', '\0', transaction.slice(1), transaction.slice(0, -1), `${transaction}x`, transaction.toUpperCase(), transaction.replace(/^./, '_'), 'a.b.c', '__proto__.x.y', 'é'.repeat(64), 'x'.repeat(90_000), transaction.split('.').reverse().join('.')]
  for (const path of ['/u/login', '/u/signup', '/u/consent', '/u/organization-selection', '/u/organization-picker']) {
    await expectClean(cookies.map((cookie) => form(path, { transaction, ...logIn }, { cookie })), [400])
    await expectClean(transactions.map((forged) => form(path, { transaction: forged, ...logIn }, { cookie: page.cookie })), [400])
    await expectClean([form(path, 'transaction=a&transaction=b', { cookie: page.cookie }), form(path, `transaction=${'x'.repeat(200_000)}`), json('POST', path, { transaction }), form(path, '%zz=%')], [400, 413])
  }
  const session = ['x', 'x.y.z', `${'x'.repeat(32)}.__proto__.x`, `${'x'.repeat(32)}.constructor.x`, `${'x'.repeat(32)}.0.`, '\x80', 'a'.repeat(4000), '..', '%00']
  await expectClean(session.map((value) => ({ method: 'GET', path: authorizePath(), headers: { cookie: `auth0=${value}; ${page.cookie}` } })), [200])
  const people = TEXTS.map((username) => form('/u/login', { transaction, username, password: 'x', action: 'default' }, { cookie: page.cookie }))
  await expectClean(people, [400, 429])
  await expectClean(TEXTS.map((password) => form('/u/login', { transaction, username: 'nobody@example.com', password, action: 'default' }, { cookie: page.cookie })), [400, 429])
  await expectClean(TEXTS.map((connection) => form('/u/login', { transaction, connection }, { cookie: page.cookie })), [200, 302, 400, 429])
  await expectClean(TEXTS.map((email) => form('/u/signup', { transaction, email, password: 'x' }, { cookie: page.cookie })), [400, 403])
}) // prettier-ignore

test('pages show hostile values escaped', async () => {
  const asShown = '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;amp;'
  const named = await scene.client({ name: XSS, logo_uri: `https://x.example/${XSS}` })
  const of = (path: string): string => path.replace(client.client_id, named.client_id)
  const challenge = { code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' }
  const api = await scene.api({ identifier: 'https://xss.example/', name: XSS, scopes: [{ value: 'read:x', description: XSS }] })
  expect((await service.api('PATCH', 'tenants/settings', { friendly_name: XSS })).status).toBe(200)
  const visitor = new Visitor(service.url)
  const path = of(authorizePath({ ...challenge, audience: api, scope: 'openid read:x', prompt: 'consent', login_hint: XSS, ui_locales: XSS }))
  const login = await visitor.get(path)
  const wrong = await visitor.submit(login, { username: XSS, password: XSS })
  const signUp = await visitor.get(of(authorizePath({ ...challenge, screen_hint: 'signup', login_hint: XSS })))
  const consent = await visitor.submit(await visitor.get(path), { username: 'ada@example.com', password: PASSWORD })
  const error = await visitor.get(authorizePath({ client_id: XSS }))
  const posted = await visitor.get(authorizePath({ response_mode: 'form_post', prompt: 'none', state: XSS, response_type: XSS }))
  expect([login, wrong, signUp, consent, error, posted].map(({ status }) => status)).toEqual([200, 400, 200, 200, 400, 200])
  for (const { html, headers } of [login, wrong, signUp, consent, error, posted]) {
    expect(html).not.toContain('<script>alert')
    expect(html).toContain(asShown)
    expect(headers.get('content-security-policy')).toContain(`default-src 'none'`)
  }
  expect((await service.api('PATCH', 'tenants/settings', { friendly_name: 'Tenant' })).status).toBe(200)
})

test('parameters of the OAuth endpoints: repeated, of other types, without end', async () => {
  const passed = await scene.client({ grant_types: ['password'] })
  const byPassword = { grant_type: 'password', username: 'x', password: 'x', ...credentialsOf(passed) }
  const names = ['grant_type', 'client_id', 'client_secret', 'refresh_token', 'code', 'code_verifier', 'redirect_uri', 'scope', 'audience', 'resource', 'token', 'token_type_hint', 'client_assertion', 'client_assertion_type', 'organization', 'username', 'password', 'realm', '__proto__', 'constructor', 'toString']
  const refresh = { grant_type: 'refresh_token', refresh_token: 'x', ...credentialsOf(client) }
  for (const [path, grant] of [['/oauth/token', byPassword], ...['/oauth/token', '/oauth/revoke', '/oauth/introspect', '/userinfo'].map((path) => [path, refresh] as const)] as const) {
    await expectClean(names.flatMap((name, n) => share(THINGS, n, 5).map((value) => json('POST', path, JSON.stringify({ token: 'x', ...grant }).replace('{', `{${JSON.stringify(name)}:1,`).replace(/\}$/, `,${JSON.stringify(name)}:${JSON.stringify(value)}}`)))))
    await expectClean(names.map((name) => form(path, `${new URLSearchParams(grant).toString()}&${name}=a&${name}=b`)), [400, 401])
    await expectClean(['{', '[]', '""', 'null', '1', '\0', '{"a":1'].map((body) => json('POST', path, body)), [400, 401])
    await expectClean([form(path, `a=${'x'.repeat(100_100)}`)], [413])
    await expectClean(['text/plain', 'multipart/form-data', '', 'x', 'application/jsonx', ';', 'application/xml'].map((type) => ({ method: 'POST', path, headers: { 'content-type': type }, body: 'a=1' })), [400])
  }
}) // prettier-ignore

test('headers that lie or are no text', async () => {
  const headers: Record<string, string>[] = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-correlation-id', 'user-agent', 'auth0-client', 'origin', 'referer', 'accept', 'accept-language', 'dpop', 'if-none-match', 'host', 'content-encoding', 'x-request-id', 'traceparent', 'expect']
    .flatMap((name) => ['\x80\xff\xfe', XSS, 'x'.repeat(7000), ',,,', 'bnVsbA==', 'W10=', 'null', '[', '::ffff:999.1.1.1'].map((value) => ({ [name]: value })))
  await expectClean(headers.map((header) => form('/oauth/token', { grant_type: 'refresh_token', refresh_token: 'x', ...credentialsOf(client) }, header)))
  await expectClean(headers.map((header) => form('/u/login', { transaction: page.fields['transaction']!, username: 'nobody', password: 'x' }, { cookie: page.cookie, ...header })))
  await expectClean(headers.map((header) => json('POST', '/api/v2/clients', { name: 1 }, { ...bearer(), ...header })))
}) // prettier-ignore

const FORMS = ['/oauth/token', '/oauth/revoke', '/userinfo', '/authorize', '/u/login']
const LONG = 'Content-Length: 1000\r\n'
const managed = (more: string): string => `Authorization: Bearer ${token}\r\n${more}`

test('bodies that never end, end half-way, or are no HTTP', async () => {
  for (const path of FORMS) for (let n = 0; n < 3; n++) expect(await raw(`${head(path, LONG)}grant_type=`, { abort: true })).toBe('')
  await raw(`${head('/api/v2/clients', managed(LONG))}name=`, { abort: true })
  const broken = ['GET /\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', '\0\0\0\0\r\n\r\n', 'GET /a b HTTP/1.1\r\n\r\n', head('/oauth/token', 'Content-Length: -1\r\n'), head('/oauth/token', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'), `${head('/oauth/token', 'Transfer-Encoding: chunked\r\n')}zz\r\n`, `GET / HTTP/1.1\r\nX: ${'y'.repeat(70_000)}\r\n\r\n`, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n']
  for (const bytes of broken) expect(await raw(bytes)).toMatch(/^HTTP\/1\.1 4\d\d |^$/)
  for (const line of await Promise.all(stalled)) expect(line).toMatch(/^HTTP\/1\.1 4\d\d /)
}) // prettier-ignore

test('generated requests to every route', async () => {
  const text = fc.oneof(fc.constantFrom(...TEXTS), fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom(...SEARCHES, ...SORTS))
  const thing: fc.Arbitrary<unknown> = fc.oneof(fc.constantFrom(...THINGS), fc.jsonValue({ maxDepth: 3 }), text)
  const query = fc.array(fc.tuple(fc.constantFrom(...QUERY), text), { maxLength: 4 })
  const id = fc.oneof(fc.constantFrom(...ENCODED), text.map(encode), fc.constant('real'))
  const request = fc.constantFrom(...routes).chain((route): fc.Arbitrary<Sent> => {
    const method = route.method === 'ALL' ? fc.constantFrom('GET', 'POST', 'PUT') : fc.constant(route.method)
    const names = route.members.length > 0 ? fc.constantFrom(...route.members) : fc.constantFrom('client_id', 'token', 'grant_type', 'refresh_token', 'transaction', 'username')
    const body = fc.oneof({ weight: 5, arbitrary: fc.dictionary(names, thing, { maxKeys: 5 }).map((value) => JSON.stringify(value)) }, { weight: 1, arbitrary: fc.string({ maxLength: 60 }) })
    const authorization = route.path.startsWith('/api/v2') ? fc.constant(bearer()) : fc.constantFrom({}, bearer(), { cookie: page.cookie })
    const type = fc.oneof({ weight: 6, arbitrary: fc.constant('application/json') }, { weight: 1, arbitrary: fc.constantFrom('application/x-www-form-urlencoded', 'text/plain', '') })
    return fc.record({ method, id, place: fc.nat(), query, body, authorization, type }).map((made) => {
      // What is there may be changed, but not deleted: later requests are to meet it.
      const real = made.method === 'DELETE' ? 'x' : ids[made.place % ids.length]!
      const place = made.id === 'real' ? real : made.id || 'x'
      const search = made.query.map(([name, value]) => `${name}=${encode(value)}`).join('&')
      const path = route.path.replace(/:\w+|\{?\*\w+\}?/g, () => place)
      const withBody = made.method !== 'GET' && { body: made.body }
      return { method: made.method, path: `${path}${search && '?'}${search}`, headers: { ...made.authorization, 'content-type': made.type }, ...withBody }
    })
  })
  await expectClean(fc.sample(request, { seed: SEED, numRuns: RUNS }))
}) // prettier-ignore

test('after all this, nothing has failed, and the service does its work', async () => {
  expect(faults.mock.calls).toEqual([])
  const metrics = await register.getMetricsAsJSON()
  const durations = metrics.find(({ name }) => name === 'http_request_duration_seconds') as { values: { labels: { status?: number | string } }[] } | undefined
  expect(durations!.values.length).toBeGreaterThan(100)
  expect([...new Set(durations!.values.map(({ labels }) => String(labels.status)).filter((status) => status.startsWith('5')))]).toEqual([])
  const visitor = new Visitor(service.url)
  const answer = await visitor.submit(await visitor.get(authorizePath({ scope: 'openid offline_access', audience: AUDIENCE })), { username: 'ada@example.com', password: PASSWORD })
  const code = answer.location!.searchParams.get('code')!
  const tokens = await scene.token(client, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK })
  expect(tokens.status).toBe(200)
  const { refresh_token } = tokens.body as { refresh_token: string }
  expect((await scene.refresh(client, refresh_token)).status).toBe(200)
  expect((await scene.refresh(client, refreshToken)).status).toBe(200)
  expect((await service.api('GET', `users/${encodeURIComponent(userId)}`)).status).toBe(200)
  await eventually(async () => ((await service.api('GET', 'logs')).body as { type: string }[]).some(({ type }) => type === 'sertft'))
  expect({}).not.toHaveProperty('x')
}) // prettier-ignore
