import { jest } from '@jest/globals'
import { SignJWT } from 'jose'
import { form } from '../support/hostile-attacks.js'
import { HostileScene } from '../support/hostile-scene.js'
import { AUDIENCE, CALLBACK, credentialsOf } from '../support/oauth.js'

jest.setTimeout(300_000)

let hostile: HostileScene
beforeAll(async () => {
  hostile = await HostileScene.start()
})
afterAll(() => hostile.service.close())

test('tokens that are forged, spent or of another kind, wherever one is taken', async () => {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: hostile.service.url,
    sub: 'management@clients',
    azp: 'management',
    aud: `${hostile.service.url}api/v2/`,
    scope: 'read:clients',
    iat: now,
    exp: now + 60,
  }
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const [header, payload, signature] = hostile.token.split('.') as [string, string, string]
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }
  const jwks = await hostile.scene.send('GET', '.well-known/jwks.json')
  const hmac = (key: string, head: object): Promise<string> =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', ...head }).sign(Buffer.from(key))
  const publicKey = JSON.stringify((jwks.body as unknown as { keys: unknown[] }).keys[0])
  const forged = [
    `${part({ alg: 'none' })}.${part(claims)}.`, `${part({ alg: 'none', kid })}.${part(claims)}.${signature}`, `${part({ alg: 'NONE', kid })}.${part(claims)}.`, await hmac(publicKey, { kid }),
    await hmac('', { kid: '../../dev/null' }).catch(() => 'x'), await hmac(publicKey.padEnd(32), { kid: 'other' }), `${part({ alg: 'RS256', kid: 'other' })}.${payload}.${signature}`, `${header}.${part({ ...claims, scope: 'all' })}.${signature}`,
    `${header}.${payload}`, `${header}.${payload}.`, `${header}..${signature}`, `${header}.${payload}.${signature.slice(2)}`, `${hostile.token}.x`, `${part({ alg: 'RS256', kid: 1 })}.${payload}.${signature}`, `${part({ alg: 'RS256', kid, crit: ['x'], x: 1 })}.${payload}.${signature}`,
    `${part({ alg: 'RS256', jwk: {} })}.${payload}.${signature}`, `${part({ alg: 'RS256', jku: 'https://evil.example/' })}.${payload}.${signature}`, 'null', 'bnVsbA.bnVsbA.bnVsbA', '...', 'x'.repeat(7000), hostile.refreshToken, hostile.page.fields['transaction']!.slice(0, 6000),
    await hostile.service.managementToken(undefined, { exp: now - 60 }), await hostile.service.managementToken(undefined, { aud: AUDIENCE }), await hostile.service.managementToken(undefined, { iss: 'https://evil.example/' }), await hostile.service.managementToken(undefined, { nbf: now + 600 }),
  ] // prettier-ignore
  await hostile.expectClean(
    forged.map((text) => ({ method: 'GET', path: '/api/v2/clients', headers: hostile.bearer(text) })),
    [400, 401],
  )
  await hostile.expectClean(
    forged.map((text) => ({ method: 'GET', path: '/userinfo', headers: hostile.bearer(text) })),
    [400, 401],
  )
  await hostile.expectClean(
    forged.map((text) => form('/userinfo', { access_token: text })),
    [400, 401],
  )
  await hostile.expectClean(
    forged.map((text) => form('/oauth/introspect', { token: 'x' }, hostile.bearer(text))),
    [400, 401],
  )
  const others = forged.filter((text) => text !== hostile.refreshToken)
  await hostile.expectClean(
    others.map((text) => form('/oauth/introspect', { token: text, ...credentialsOf(hostile.client) })),
    [200],
  )
  await hostile.expectClean(
    others.map((text) => form('/oauth/token', { grant_type: 'refresh_token', refresh_token: text, ...credentialsOf(hostile.client) })),
    [400, 403],
  )
  await hostile.expectClean(
    [...others, hostile.refreshToken].map((code) =>
      form('/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...credentialsOf(hostile.client) }),
    ),
    [400, 403],
  )
  const assertion = { grant_type: 'client_credentials', audience: AUDIENCE, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' }
  await hostile.expectClean(
    forged.map((text) => form('/oauth/token', { ...assertion, client_id: hostile.client.client_id, client_assertion: text })),
    [400, 401],
  )
  await hostile.expectClean(
    others.map((text) => form('/oauth/revoke', { token: text, ...credentialsOf(hostile.client) })),
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
    await hostile.expectClean(
      [
        form('/oauth/token', { grant_type: 'client_credentials' }, { authorization: scheme }),
        form('/oauth/introspect', { token: 'x' }, { authorization: scheme }),
      ],
      [400, 401],
    )
    await hostile.expectClean([{ method: 'GET', path: '/api/v2/clients', headers: { authorization: scheme } }], [400, 401])
  }
})

test('after all this, nothing has failed, and the service does its work', () => hostile.expectUnharmed())
