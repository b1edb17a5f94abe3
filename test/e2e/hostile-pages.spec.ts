import { jest } from '@jest/globals'
import { form, json } from '../support/hostile-attacks.js'
import { HostileScene, PASSWORD } from '../support/hostile-scene.js'
import { TEXTS, XSS } from '../support/hostile-values.js'
import { CALLBACK } from '../support/oauth.js'
import { Visitor } from '../support/visitor.js'

jest.setTimeout(300_000)

let hostile: HostileScene
beforeAll(async () => {
  hostile = await HostileScene.start()
})
afterAll(() => hostile.service.close())

test('redirect URIs and what comes back with them', async () => {
  const uris = ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,<script>alert(1)</script>', 'vbscript:x', '//evil.example/callback', 'https://evil.example/callback', `${CALLBACK}/`, `${CALLBACK}?a=1`, `${CALLBACK}#x`, `${CALLBACK}\r\nX: y`, `${CALLBACK}\0`, `${CALLBACK}%0d%0a`, `https://app.example.com@evil.example/callback`, `https://app.example.com\\@evil.example/callback`, `https://app.example.com:443/callback`, `https://app.example.com.evil.example/callback`, '/callback', ' ', XSS, 'x'.repeat(3000), `${CALLBACK}/../x`, 'HTTPS://app.example.com/CALLBACK']
  const refused = await hostile.expectClean(uris.map((redirect_uri) => ({ method: 'GET', path: hostile.authorizePath({ redirect_uri }) })), [400, 403])
  for (const { headers } of refused) expect(headers['location']).toBeUndefined()
  const states = ['\r\nSet-Cookie: evil=1', '\u2028', XSS, 'é💩', '%0d%0aX-Evil: 1', 'x'.repeat(4000)]
  for (const response_mode of ['query', 'fragment', 'form_post']) {
    const answers = await hostile.expectClean(states.map((state) => ({ method: 'GET', path: hostile.authorizePath({ state, prompt: 'none', response_mode }) })), [200, 302, 400])
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
  await hostile.expectClean(names.flatMap((name) => values.map((value) => ({ method: 'GET', path: hostile.authorizePath({ [name]: value }) }))))
  await hostile.expectClean(names.map((name) => ({ method: 'GET', path: `${hostile.authorizePath()}&${name}=a&${name}=b` })))
  await hostile.expectClean(names.map((name) => ({ method: 'GET', path: `${hostile.authorizePath()}&${name}=%ed%a0%80&x=%zz` })))
  await hostile.expectClean(names.map((name) => form('/authorize', { response_type: 'code', client_id: hostile.client.client_id, redirect_uri: CALLBACK, [name]: '\ud800\0' })))
  await hostile.expectClean([{ method: 'GET', path: hostile.authorizePath({ state: 'x'.repeat(17_000) }) }], [414])
  await hostile.expectClean([form('/authorize', { client_id: hostile.client.client_id, state: 'x'.repeat(17_000) })], [413])
}) // prettier-ignore

test('forms with transactions and cookies that are forged, cut or of another browser', async () => {
  const { transaction } = hostile.page.fields as { transaction: string }
  const logIn = { username: 'ada@example.com', password: PASSWORD, action: 'default' }
  const other = new Visitor(hostile.service.url)
  await other.get(hostile.authorizePath())
  const otherCookie = [...other.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const cookies = ['', 'login=', 'login=x', 'login=\x80\xff', `${hostile.page.cookie}x`, hostile.page.cookie.slice(0, -1), otherCookie, 'login', '='.repeat(100), ';;;', 'x='.padEnd(4000, 'y')]
  const transactions = ['', 'x', '\0', transaction.slice(1), transaction.slice(0, -1), `${transaction}x`, transaction.toUpperCase(), transaction.replace(/^./, '_'), 'a.b.c', '__proto__.x.y', 'é'.repeat(64), 'x'.repeat(90_000), transaction.split('.').reverse().join('.')]
  for (const path of ['/u/login', '/u/signup', '/u/consent', '/u/organization-selection', '/u/organization-picker']) {
    await hostile.expectClean(cookies.map((cookie) => form(path, { transaction, ...logIn }, { cookie })), [400])
    await hostile.expectClean(transactions.map((forged) => form(path, { transaction: forged, ...logIn }, { cookie: hostile.page.cookie })), [400])
    await hostile.expectClean([form(path, 'transaction=a&transaction=b', { cookie: hostile.page.cookie }), form(path, `transaction=${'x'.repeat(200_000)}`), json('POST', path, { transaction }), form(path, '%zz=%')], [400, 413])
  }
  const links = [...transactions, transaction].flatMap((sealed) => ['/u/login', '/u/signup'].map((path) => `${path}?${new URLSearchParams({ transaction: sealed }).toString()}`))
  await hostile.expectClean([...links, '/u/signup?transaction=a&transaction=b', '/u/login?transaction=%ff'].map((path) => ({ method: 'GET', path })), [400, 405, 431])
  const session = ['x', 'x.y.z', `${'x'.repeat(32)}.__proto__.x`, `${'x'.repeat(32)}.constructor.x`, `${'x'.repeat(32)}.0.`, '\x80', 'a'.repeat(4000), '..', '%00']
  await hostile.expectClean(session.map((value) => ({ method: 'GET', path: hostile.authorizePath(), headers: { cookie: `auth0=${value}; ${hostile.page.cookie}` } })), [200])
  const people = TEXTS.map((username) => form('/u/login', { transaction, username, password: 'x', action: 'default' }, { cookie: hostile.page.cookie }))
  await hostile.expectClean(people, [400, 429])
  await hostile.expectClean(TEXTS.map((password) => form('/u/login', { transaction, username: 'nobody@example.com', password, action: 'default' }, { cookie: hostile.page.cookie })), [400, 429])
  await hostile.expectClean(TEXTS.map((connection) => form('/u/login', { transaction, connection }, { cookie: hostile.page.cookie })), [200, 302, 400, 429])
  await hostile.expectClean(TEXTS.map((email) => form('/u/signup', { transaction, email, password: 'x' }, { cookie: hostile.page.cookie })), [400, 403])
}) // prettier-ignore

test('pages show hostile values escaped', async () => {
  const asShown = '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;amp;'
  const named = await hostile.scene.client({ name: XSS, logo_uri: `https://x.example/${XSS}` })
  const of = (path: string): string => path.replace(hostile.client.client_id, named.client_id)
  const challenge = { code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' }
  const api = await hostile.scene.api({ identifier: 'https://xss.example/', name: XSS, scopes: [{ value: 'read:x', description: XSS }] })
  expect((await hostile.service.api('PATCH', 'tenants/settings', { friendly_name: XSS })).status).toBe(200)
  const visitor = new Visitor(hostile.service.url)
  const path = of(hostile.authorizePath({ ...challenge, audience: api, scope: 'openid read:x', prompt: 'consent', login_hint: XSS, ui_locales: XSS }))
  const login = await visitor.get(path)
  const wrong = await visitor.submit(login, { username: XSS, password: XSS })
  const signUp = await visitor.get(of(hostile.authorizePath({ ...challenge, screen_hint: 'signup', login_hint: XSS })))
  const consent = await visitor.submit(await visitor.get(path), { username: 'ada@example.com', password: PASSWORD })
  const error = await visitor.get(hostile.authorizePath({ client_id: XSS }))
  const posted = await visitor.get(hostile.authorizePath({ response_mode: 'form_post', prompt: 'none', state: XSS, response_type: XSS }))
  expect([login, wrong, signUp, consent, error, posted].map(({ status }) => status)).toEqual([200, 400, 200, 200, 400, 200])
  for (const { html, headers } of [login, wrong, signUp, consent, error, posted]) {
    expect(html).not.toContain('<script>alert')
    expect(html).toContain(asShown)
    expect(headers.get('content-security-policy')).toContain(`default-src 'none'`)
  }
  expect((await hostile.service.api('PATCH', 'tenants/settings', { friendly_name: 'Tenant' })).status).toBe(200)
})

test('after all this, nothing has failed, and the service does its work', () => hostile.expectUnharmed())
