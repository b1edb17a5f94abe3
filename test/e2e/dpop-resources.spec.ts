import { SigningKeys } from '../../src/keys/signing-keys.js'
import { MANAGEMENT_CLIENT, startApp, type TestApp } from '../support/app.js'
import { type DpopKey, dpopKey, hashOf, resourceWithProof, tokenWithProof } from '../support/dpop.js'
import { anotherWorker, type Answer, CALLBACK, credentialsOf, OAuthScene, SECRET } from '../support/oauth.js'

const API = 'https://bound.example.com/'

let service: TestApp
let scene: OAuthScene
let key: DpopKey
let userId: string
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api({ identifier: API, proof_of_possession: { mechanism: 'dpop', required: false } })
  userId = await scene.user()
  key = await dpopKey()
})
afterAll(() => service.close())

/** A person's access token after the code exchange, bound where `by` is given. */
async function accessToken(by: DpopKey | undefined, { isPublic = true, audience = null as string | null, scope = ['openid', 'email'] } = {}): Promise<string> {
  const client = await scene.client(isPublic ? { token_endpoint_auth_method: 'none' } : {})
  const code = await scene.code(client, userId, { audience, scope })
  const parameters = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK }
  const answer = by ? await tokenWithProof(scene, client, by, parameters) : await scene.token(client, parameters)
  expect(answer).toMatchObject({ status: 200, body: { token_type: by ? 'DPoP' : 'Bearer' } })
  return answer.body.access_token
}
const userinfo = (authorization: string, headers: Record<string, string> = {}): Promise<Answer> =>
  scene.send('GET', 'userinfo', undefined, { authorization, ...headers })

const challengeOf = ({ status, headers, body }: Answer): unknown[] => [status, headers.get('www-authenticate'), body.error]

describe('/userinfo', () => {
  it.each([
    ['opaque', null],
    ['JWT', API],
  ])('takes a bound token (%s) with its proof, by GET and by POST', async (_, audience) => {
    const token = await accessToken(key, { audience })
    for (const method of ['GET', 'POST']) {
      const answer = await resourceWithProof(scene, key, token, { method })
      expect(answer).toMatchObject({ status: 200, body: { sub: userId } })
      expect(answer.headers.get('dpop-nonce')).toMatch(/^[\w-]{27}$/)
    }
  })

  it('asks for a nonce where the client is public', async () => {
    const token = await accessToken(key)
    const dpop = await key.proof('GET', `${service.url}userinfo`, { ath: hashOf(token) })
    const challenged = await userinfo(`DPoP ${token}`, { dpop, origin: new URL(CALLBACK).origin })
    expect(challengeOf(challenged)).toEqual([401, 'DPoP error="use_dpop_nonce"', 'use_dpop_nonce'])
    expect(challenged.headers.get('dpop-nonce')).not.toBeNull()
    expect(challenged.headers.get('access-control-expose-headers')).toMatch(/DPoP-Nonce.*WWW-Authenticate/)
    const confidential = await accessToken(key, { isPublic: false })
    const proof = await key.proof('GET', `${service.url}userinfo`, { ath: hashOf(confidential) })
    expect((await userinfo(`DPoP ${confidential}`, { dpop: proof })).status).toBe(200)
    expect(challengeOf(await userinfo(`DPoP ${confidential}`, { dpop: proof }))).toEqual([401, 'DPoP error="invalid_dpop_proof"', 'invalid_dpop_proof'])
  })

  it('refuses a bound token without its proof, and an unbound one with one', async () => {
    const bound = await accessToken(key)
    for (const answer of [await userinfo(`Bearer ${bound}`), await scene.form('userinfo', { access_token: bound })]) {
      expect(challengeOf(answer)).toEqual([401, 'Bearer error="invalid_token"', 'invalid_token'])
    }
    expect(challengeOf(await userinfo(`DPoP ${bound}`))).toEqual([401, 'DPoP error="invalid_dpop_proof"', 'invalid_dpop_proof'])
    const unbound = await accessToken(undefined)
    expect(challengeOf(await resourceWithProof(scene, key, unbound))).toEqual([401, 'DPoP error="invalid_token"', 'invalid_token'])
    expect((await userinfo(`Bearer ${unbound}`)).status).toBe(200)
    expect(challengeOf(await resourceWithProof(scene, key, 'nonsense'))).toEqual([401, 'DPoP error="invalid_token"', 'invalid_token'])
  })

  it('refuses a proof of another key, for another token, address or method', async () => {
    const token = await accessToken(key)
    const other = await accessToken(key)
    expect(challengeOf(await resourceWithProof(scene, await dpopKey(), token))).toEqual([401, 'DPoP error="invalid_token"', 'invalid_token'])
    for (const claims of [{ ath: hashOf(other) }, { ath: undefined }, { htu: `${service.url}oauth/token` }, { htm: 'POST' }]) {
      expect(challengeOf(await resourceWithProof(scene, key, token, { claims }))).toEqual([401, 'DPoP error="invalid_dpop_proof"', 'invalid_dpop_proof'])
    }
  })

  it('says in the words of DPoP what the scope lacks', async () => {
    const token = await accessToken(key, { audience: null, scope: ['email'] })
    expect(challengeOf(await resourceWithProof(scene, key, token))).toEqual([403, 'DPoP error="insufficient_scope", scope="openid"', 'insufficient_scope'])
  })

  it('takes a proof once, on whatever worker', async () => {
    const token = await accessToken(key, { isPublic: false })
    const dpop = await key.proof('GET', `${service.url}userinfo`, { ath: hashOf(token) })
    const other = await anotherWorker(service)
    try {
      const headers = { authorization: `DPoP ${token}`, dpop }
      const answers = await Promise.all([scene, other.scene].map((at) => at.send('GET', 'userinfo', undefined, headers)))
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401])
    } finally {
      await other.close()
    }
  })
})

describe('the Management API', () => {
  const management = (): string => `${service.url}api/v2/`
  const clients = (authorization: string, headers: Record<string, string> = {}): Promise<Answer> =>
    scene.send('GET', 'api/v2/clients?per_page=1', undefined, { authorization, ...headers })
  const signed = (claims: object): Promise<string> => {
    const now = Math.floor(Date.now() / 1000)
    const ours = { iss: service.url, sub: `${MANAGEMENT_CLIENT.id}@clients`, azp: MANAGEMENT_CLIENT.id, aud: management(), scope: 'read:clients' }
    return service.app.get(SigningKeys).sign({ ...ours, iat: now, exp: now + 60, ...claims }, { alg: 'RS256', typ: 'JWT' })
  }

  it('gives bound tokens to who sends a proof, and takes them with one', async () => {
    const credentials = { client_id: MANAGEMENT_CLIENT.id, client_secret: MANAGEMENT_CLIENT.secret }
    const ask = { grant_type: 'client_credentials', audience: management(), ...credentials }
    const dpop = await key.proof('POST', `${service.url}oauth/token`)
    const { body } = await scene.form('oauth/token', ask, { dpop })
    expect(body).toMatchObject({ token_type: 'DPoP' })
    const answer = await resourceWithProof(scene, key, body.access_token, { path: 'api/v2/clients?per_page=1' })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('dpop-nonce')).not.toBeNull()
    expect((await scene.form('oauth/token', ask)).body).toMatchObject({ token_type: 'Bearer' })
  })

  it('refuses a bound token as Bearer, an unbound one as DPoP, and a wrong proof, in its own words', async () => {
    const bound = await signed({ cnf: { jkt: key.jkt } })
    const proof = (claims: object = {}, by = key): Promise<string> => by.proof('GET', `${management()}clients`, { ath: hashOf(bound), ...claims })
    const refusal = (scheme: string, error: string, message: string): object => ({
      status: 401,
      body: { statusCode: 401, error: 'Unauthorized', message },
      challenge: `${scheme} error="${error}"`,
    })
    const answer = async (authorization: string, headers?: Record<string, string>): Promise<object> => {
      const got = await clients(authorization, headers)
      return { ...got, challenge: got.headers.get('www-authenticate') }
    }
    expect(await answer(`Bearer ${bound}`)).toMatchObject(refusal('Bearer', 'invalid_token', 'Invalid token'))
    expect(await answer(`Bearer ${bound}`, { dpop: await proof() })).toMatchObject(refusal('Bearer', 'invalid_token', 'Invalid token'))
    expect(await answer(`Bearer ${await signed({ cnf: { 'x5t#S256': 'x' } })}`)).toMatchObject(refusal('Bearer', 'invalid_token', 'Invalid token'))
    expect(await answer(`DPoP ${await signed({})}`, { dpop: await proof() })).toMatchObject(refusal('DPoP', 'invalid_token', 'Invalid token'))
    expect(await answer(`DPoP ${bound}`, { dpop: await proof({}, await dpopKey()) })).toMatchObject(refusal('DPoP', 'invalid_token', 'Invalid token'))
    expect(await answer(`DPoP ${bound}`)).toMatchObject(refusal('DPoP', 'invalid_dpop_proof', 'There must be exactly one DPoP header.'))
    expect(await answer(`DPoP ${bound}`, { dpop: await proof({ ath: 'x' }) })).toMatchObject(
      refusal('DPoP', 'invalid_dpop_proof', 'The ath of the DPoP proof is not the hash of the access token.'),
    )
    expect(await answer(`DPoP ${bound}`, { dpop: await proof({ nonce: 'x' }) })).toMatchObject(
      refusal('DPoP', 'use_dpop_nonce', 'Resource server requires nonce in DPoP proof'),
    )
    const good = await proof()
    expect(await answer(`dpop ${bound}`, { dpop: good })).toMatchObject({ status: 200, challenge: null })
    expect(await answer(`DPoP ${bound}`, { dpop: good })).toMatchObject(refusal('DPoP', 'invalid_dpop_proof', 'The jti of the DPoP proof was used before.'))
  })

  it('wants a nonce of a public client', async () => {
    const app = await scene.client({ token_endpoint_auth_method: 'none' })
    const token = await signed({ sub: `${app.client_id}@clients`, azp: app.client_id, cnf: { jkt: key.jkt } })
    const proof = await key.proof('GET', `${management()}clients`, { ath: hashOf(token) })
    const challenged = await clients(`DPoP ${token}`, { dpop: proof, origin: 'https://app.example' })
    expect(challenged.headers.get('www-authenticate')).toBe('DPoP error="use_dpop_nonce"')
    expect(challenged.headers.get('access-control-expose-headers')).toMatch(/DPoP-Nonce, WWW-Authenticate/)
    expect((await resourceWithProof(scene, key, token, { path: 'api/v2/clients' })).status).toBe(200)
    const preflight = await scene.send('OPTIONS', 'api/v2/clients', undefined, { origin: 'https://app.example', 'access-control-request-method': 'GET' })
    expect(preflight.headers.get('access-control-allow-headers')).toContain('DPoP')
  })
})

describe('introspection', () => {
  it('shows what a token is bound to', async () => {
    const client = await scene.client()
    const look = async (token: string): Promise<object> => (await scene.form('oauth/introspect', { ...credentialsOf(client), token })).body
    const code = await scene.code(client, userId, { audience: API })
    const parameters = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK }
    const { body } = await tokenWithProof(scene, client, key, parameters)
    expect(await look(body.access_token)).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: key.jkt } })
    // A confidential client's refresh token is bound by its authentication.
    expect(await look(body.refresh_token)).not.toHaveProperty('cnf')
    const { refreshToken } = await scene.refreshToken(client, userId, { dpopThumbprint: key.jkt, audience: API })
    expect(await look(refreshToken)).toMatchObject({ active: true, token_type: 'refresh_token', cnf: { jkt: key.jkt } })
  })

  it('takes a bound token of the Management API with its proof only', async () => {
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: service.url,
      sub: `${MANAGEMENT_CLIENT.id}@clients`,
      azp: MANAGEMENT_CLIENT.id,
      aud: `${service.url}api/v2/`,
      iat: now,
      exp: now + 60,
    }
    const bound = await service.app.get(SigningKeys).sign({ ...claims, scope: 'read:refresh_tokens', cnf: { jkt: key.jkt } }, { alg: 'RS256', typ: 'JWT' })
    const look = (authorization: string, headers: Record<string, string> = {}): Promise<Answer> =>
      scene.form('oauth/introspect', { token: 'x' }, { authorization, ...headers })
    expect(challengeOf(await look(`Bearer ${bound}`))).toEqual([401, 'Bearer error="invalid_token"', 'invalid_token'])
    const dpop = await key.proof('POST', `${service.url}oauth/introspect`, { ath: hashOf(bound) })
    expect(await look(`DPoP ${bound}`, { dpop })).toMatchObject({ status: 200, body: { active: false } })
  })
})

describe('settings', () => {
  const create = (proof_of_possession: unknown): ReturnType<TestApp['api']> =>
    service.api('POST', 'resource-servers', { identifier: `https://api-${Math.random()}/`, name: 'API', proof_of_possession })

  it('of an API are checked, kept, replaced and taken away', async () => {
    const policy = { mechanism: 'dpop', required: true, required_for: 'public_clients' }
    const { status, body } = await create(policy)
    expect({ status, policy: body.proof_of_possession }).toEqual({ status: 201, policy })
    const patch = (proof_of_possession: unknown): ReturnType<TestApp['api']> => service.api('PATCH', `resource-servers/${body.id}`, { proof_of_possession })
    expect((await patch({ mechanism: 'mtls', required: false })).body.proof_of_possession).toEqual({ mechanism: 'mtls', required: false })
    expect((await patch({ mechanism: 'none', required: false })).body.proof_of_possession).toEqual({ mechanism: 'none', required: false })
    expect((await patch(null)).body).not.toHaveProperty('proof_of_possession')
    const text = async (value: unknown): Promise<unknown> => {
      const answer = await patch(value)
      expect(answer).toMatchObject({ status: 400, body: { errorCode: 'invalid_body' } })
      return answer.body.message
    }
    expect(await text({ required: true })).toBe(`Payload validation error: 'Missing required property: mechanism' on property proof_of_possession.mechanism.`)
    expect(await text({ mechanism: 'dpop' })).toBe(`Payload validation error: 'Missing required property: required' on property proof_of_possession.required.`)
    expect(await text({ ...policy, mechanism: 'x' })).toBe(`Payload validation error: 'No enum match for: x' on property proof_of_possession.mechanism.`)
    expect(await text({ ...policy, required_for: 'x' })).toBe(`Payload validation error: 'No enum match for: x' on property proof_of_possession.required_for.`)
    expect(await text({ ...policy, mechanism: 'mtls' })).toBe(
      `Payload validation error: 'No enum match for: public_clients' on property proof_of_possession.required_for.`,
    )
    expect(await text({ ...policy, required: 'yes' })).toBe(
      `Payload validation error: 'Expected type boolean but found type string' on property proof_of_possession.required.`,
    )
    expect(await text({ ...policy, more: 1 })).toBe(`Payload validation error: 'Additional properties not allowed: more' on property proof_of_possession.`)
    for (const value of ['dpop', [], 1]) await text(value)
  })

  it('of a client demand proofs from then on', async () => {
    const { body } = await service.api('POST', 'clients', {
      name: 'Strict',
      client_secret: SECRET.repeat(2),
      app_type: 'non_interactive',
      grant_types: ['client_credentials'],
    })
    await scene.grant(body.client_id as string, ['read:orders'], API)
    const ask = async (dpop?: string): Promise<Answer> =>
      scene.form(
        'oauth/token',
        { client_id: body.client_id as string, client_secret: SECRET.repeat(2), grant_type: 'client_credentials', audience: API },
        dpop === undefined ? {} : { dpop },
      )
    expect((await ask()).body).toMatchObject({ token_type: 'Bearer' })
    expect((await service.api('PATCH', `clients/${body.client_id}`, { require_proof_of_possession: true })).body).toMatchObject({
      require_proof_of_possession: true,
    })
    expect(await ask()).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    expect((await ask(await key.proof('POST', `${service.url}oauth/token`))).body).toMatchObject({ token_type: 'DPoP' })
    expect((await service.api('PATCH', `clients/${body.client_id}`, { require_proof_of_possession: 'yes' })).status).toBe(400)
  })
})
