import { jest } from '@jest/globals'
import fc from 'fast-check'
import { type Route, routesOf, type Sent } from '../support/hostile.js'
import { encode, form, FORM, head, json, JSON_TYPE, sendBytes, share } from '../support/hostile-attacks.js'
import { HostileScene } from '../support/hostile-scene.js'
import { ENCODED, QUERY, SEARCHES, SORTS, TEXTS, THINGS, XSS } from '../support/hostile-values.js'
import { AUDIENCE, credentialsOf } from '../support/oauth.js'

jest.setTimeout(300_000)

const SEED = Number(process.env['HOSTILE_SEED'] ?? 20_260_101)
const RUNS = Number(process.env['HOSTILE_RUNS'] ?? 600)

let hostile: HostileScene
let routes: Route[]
let ids: string[]
/** Of requests whose bodies stop coming: begun at once, since the service waits for the rest. */
let stalled: Promise<string>[]
beforeAll(async () => {
  hostile = await HostileScene.start()
  const { service, scene } = hostile
  routes = routesOf(service)
  const victim = await scene.client()
  ids = [victim.client_id, encodeURIComponent(await scene.user()), encodeURIComponent(AUDIENCE), 'x']
  stalled = [...FORMS.map((path) => raw(`${head(path, LONG)}grant_type=`)), raw(`${head('/api/v2/clients', managed(LONG))}x=`)]
})
afterAll(() => hostile.service.close())

const raw = (bytes: string, how?: { abort: boolean }): Promise<string> => sendBytes(hostile.service, bytes, how)

test('the list of routes is all of them', () => {
  expect(routes.length).toBeGreaterThan(60)
  for (const path of ['/authorize', '/u/login', '/oauth/token', '/oauth/revoke', '/oauth/introspect', '/userinfo', '/health/ready', '/api/v2/clients/:id'])
    expect(routes.map((route) => route.path)).toContain(path)
  expect(routes.flatMap(({ members }) => members)).toEqual(expect.arrayContaining(['callbacks', 'password', 'user_metadata']))
})

test('methods that do not fit are refused at every address', async () => {
  const paths = [...new Set(routes.map(({ path }) => path))].map((path) => path.replace(/:\w+|\{?\*\w+\}?/g, 'x'))
  await hostile.expectClean(paths.flatMap((path) => ['PUT', 'DELETE', 'TRACE', 'PROPFIND', 'HEAD'].map((method) => ({ method, path, headers: {} }))))
})

test('addresses with faults in their encoding', async () => {
  const withIds = routes.filter(({ path }) => path.includes(':'))
  const idsFor = (n: number): readonly string[] => share(ENCODED, n, 6)
  await hostile.expectClean(withIds.flatMap(({ method, path }, n) => idsFor(n).map((id) => ({ method: method === 'ALL' ? 'GET' : method, path: path.replace(/:\w+/g, id), headers: hostile.bearer() }))))
  const odd = ['/%', '/%00', '//', '/..', '/authorize%00', '/oauth/token%0d%0a', '/api/v2/%zz', '/api/v2', '/API/V2/clients', '/u/../api', `/${'a'.repeat(9000)}`, '/?%', '/authorize?%', '/authorize?=&&=', '/health/ready?__proto__[x]=1']
  await hostile.expectClean(odd.map((path) => ({ method: 'GET', path })))
}) // prettier-ignore

test('lists with hostile queries', async () => {
  const reads = routes.filter(({ method, path }) => method === 'GET' && path.startsWith('/api/v2/'))
  const lists = reads.map(({ path }) => path.replace('users/:id', `users/${encodeURIComponent(hostile.userId)}`)).filter((path) => !path.includes(':'))
  const numbers = ['-1', '1.5', 'x', '99999999999', '9'.repeat(400), '%00', '']
  const parameters = [
    ...['page', 'per_page', 'take'].flatMap((name) => numbers.map((value) => `${name}=${value}`)),
    ...['per_page=100&page=10000000', 'page=1&page=2', 'from=x', `from=x.${encode('é'.repeat(22))}`, 'from=a&from=b', 'take=1&from=%00', 'from=eyJ.eyJ', 'from=WyJhIiwxXQ.AAAAAAAAAAAAAAAAAAAAAA', 'fields=__proto__,constructor', 'fields=%00', 'fields=%27%3B--', 'include_fields=x', 'include_totals=yes'],
    ...['__proto__=1&constructor=1', 'q[a]=1', 'sort[]=x&page[a]=1', 'q=%28%28%28%28', `q=${'%28'.repeat(2000)}`, 'sort=%27;drop', '%ff=%fe', 'unknown=1&b&=c&&', `x=${'y'.repeat(9000)}`],
  ] // prettier-ignore
  await hostile.expectClean(
    lists.flatMap((path, n) => share(parameters, n, 3).map((query) => ({ method: 'GET', path: `${path}?${query}`, headers: hostile.bearer() }))),
  )
  const searched = ['/api/v2/users', '/api/v2/logs']
  const searches = searched.flatMap((path) => [
    ...SEARCHES.map((q) => `${path}?q=${encode(q)}&search_engine=v3`),
    ...SORTS.map((sort) => `${path}?sort=${encode(sort)}`),
  ])
  await hostile.expectClean(searches.map((path) => ({ method: 'GET', path, headers: hostile.bearer() })))
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
  await hostile.expectClean(writes.flatMap(({ method, path }, n) => bodiesFor(n).map(([body, headers]) => ({ method, path: path.replace(/:\w+/g, 'x'), headers: { ...hostile.bearer(), ...headers }, body }))))
  await hostile.expectClean([json('POST', '/api/v2/clients', `{"name":"${'x'.repeat(1_100_000)}"}`, hostile.bearer())], [413])
}) // prettier-ignore

test('parameters of the OAuth endpoints: repeated, of other types, without end', async () => {
  const passed = await hostile.scene.client({ grant_types: ['password'] })
  const byPassword = { grant_type: 'password', username: 'x', password: 'x', ...credentialsOf(passed) }
  const names = ['grant_type', 'client_id', 'client_secret', 'refresh_token', 'code', 'code_verifier', 'redirect_uri', 'scope', 'audience', 'resource', 'token', 'token_type_hint', 'client_assertion', 'client_assertion_type', 'organization', 'username', 'password', 'realm', '__proto__', 'constructor', 'toString']
  const refresh = { grant_type: 'refresh_token', refresh_token: 'x', ...credentialsOf(hostile.client) }
  for (const [path, grant] of [['/oauth/token', byPassword], ...['/oauth/token', '/oauth/revoke', '/oauth/introspect', '/userinfo'].map((path) => [path, refresh] as const)] as const) {
    await hostile.expectClean(names.flatMap((name, n) => share(THINGS, n, 5).map((value) => json('POST', path, JSON.stringify({ token: 'x', ...grant }).replace('{', `{${JSON.stringify(name)}:1,`).replace(/\}$/, `,${JSON.stringify(name)}:${JSON.stringify(value)}}`)))))
    await hostile.expectClean(names.map((name) => form(path, `${new URLSearchParams(grant).toString()}&${name}=a&${name}=b`)), [400, 401])
    await hostile.expectClean(['{', '[]', '""', 'null', '1', '\0', '{"a":1'].map((body) => json('POST', path, body)), [400, 401])
    await hostile.expectClean([form(path, `a=${'x'.repeat(100_100)}`)], [413])
    await hostile.expectClean(['text/plain', 'multipart/form-data', '', 'x', 'application/jsonx', ';', 'application/xml'].map((type) => ({ method: 'POST', path, headers: { 'content-type': type }, body: 'a=1' })), [400])
  }
}) // prettier-ignore

test('headers that lie or are no text', async () => {
  const headers: Record<string, string>[] = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-correlation-id', 'user-agent', 'auth0-client', 'origin', 'referer', 'accept', 'accept-language', 'dpop', 'if-none-match', 'host', 'content-encoding', 'x-request-id', 'traceparent', 'expect']
    .flatMap((name) => ['\x80\xff\xfe', XSS, 'x'.repeat(7000), ',,,', 'bnVsbA==', 'W10=', 'null', '[', '::ffff:999.1.1.1'].map((value) => ({ [name]: value })))
  await hostile.expectClean(headers.map((header) => form('/oauth/token', { grant_type: 'refresh_token', refresh_token: 'x', ...credentialsOf(hostile.client) }, header)))
  await hostile.expectClean(headers.map((header) => form('/u/login', { transaction: hostile.page.fields['transaction']!, username: 'nobody', password: 'x' }, { cookie: hostile.page.cookie, ...header })))
  await hostile.expectClean(headers.map((header) => json('POST', '/api/v2/clients', { name: 1 }, { ...hostile.bearer(), ...header })))
}) // prettier-ignore

const FORMS = ['/oauth/token', '/oauth/revoke', '/userinfo', '/authorize', '/u/login']
const LONG = 'Content-Length: 1000\r\n'
const managed = (more: string): string => `Authorization: Bearer ${hostile.token}\r\n${more}`

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
    const authorization = route.path.startsWith('/api/v2') ? fc.constant(hostile.bearer()) : fc.constantFrom({}, hostile.bearer(), { cookie: hostile.page.cookie })
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
  await hostile.expectClean(fc.sample(request, { seed: SEED, numRuns: RUNS }))
}) // prettier-ignore

test('after all this, nothing has failed, and the service does its work', () => hostile.expectUnharmed(100))
