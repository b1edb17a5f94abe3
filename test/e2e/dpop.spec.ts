import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { type ClientDocument, ForgetUsedProofs } from '../../src/authorization/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { type DpopKey, dpopKey, tokenWithProof } from '../support/dpop.js'
import { anotherWorker, type Answer, AUDIENCE, CALLBACK, claimsOf, credentialsOf, OAuthScene, ROTATING } from '../support/oauth.js'

const TAKES_DPOP = 'https://dpop.example.com/'

let service: TestApp
let scene: OAuthScene
let key: DpopKey
let userId: string
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
  await scene.api({ identifier: TAKES_DPOP, proof_of_possession: { mechanism: 'dpop', required: false } })
  userId = await scene.user()
  key = await dpopKey()
})
afterAll(() => service.close())

const publicClient = (over: Partial<ClientDocument> = {}): Promise<ClientDocument> =>
  scene.client({ token_endpoint_auth_method: 'none', refresh_token: ROTATING, ...over })
const exchangeOf = (code: string): Record<string, string> => ({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK })
const cnfOf = (jwt: string): unknown => (claimsOf(jwt) as unknown as { cnf?: unknown }).cnf
const url = (): string => `${service.url}oauth/token`
/** A confidential client with a grant at the API that takes proofs, and what it asks a token with. */
async function machine(): Promise<{ client: ClientDocument; ask(audience: string, headers?: Record<string, string>): Promise<Answer> }> {
  const client = await scene.client()
  await scene.grant(client.client_id, ['read:orders'], TAKES_DPOP)
  return { client, ask: (audience, headers) => scene.token(client, { grant_type: 'client_credentials', audience }, headers) }
}

describe('a proof at the token endpoint', () => {
  it('binds the access token to its key', async () => {
    const { ask } = await machine()
    const bound = await ask(TAKES_DPOP, { dpop: await key.proof('POST', url()) })
    expect(bound).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    expect(cnfOf(bound.body.access_token)).toEqual({ jkt: key.jkt })
    expect(bound.headers.get('dpop-nonce')).toMatch(/^[\w-]{27}$/)
    const plain = await ask(TAKES_DPOP)
    expect(plain).toMatchObject({ status: 200, body: { token_type: 'Bearer' } })
    expect(cnfOf(plain.body.access_token)).toBeUndefined()
    expect(plain.headers.get('dpop-nonce')).toBeNull()
  })

  it('that is wrong is refused, and says by what', async () => {
    const { client, ask } = await machine()
    const refused = async (proof: string, status = 400): Promise<unknown> => {
      const answer = await ask(TAKES_DPOP, { dpop: proof })
      expect(answer).toMatchObject({ status, body: { error: 'invalid_dpop_proof' } })
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('www-authenticate')).toBeNull()
      return (answer.body as unknown as { error_description: string }).error_description
    }
    expect(await refused('nonsense')).toBe('The DPoP proof is not a JWT.')
    expect(await refused('')).toBe('The DPoP proof is not a JWT.')
    expect(await refused(await key.proof('GET', url()))).toBe('The htm of the DPoP proof is not the method of the request.')
    expect(await refused(await key.proof('POST', `${service.url}userinfo`))).toBe('The htu of the DPoP proof is not the address of the request.')
    expect(await refused(await key.proof('POST', url(), { iat: 1 }))).toBe('The iat of the DPoP proof is too long ago.')
    const proof = await key.proof('POST', url())
    expect((await ask(TAKES_DPOP, { dpop: proof })).status).toBe(200)
    expect(await refused(proof)).toBe('The jti of the DPoP proof was used before.')
    const facts = (await scene.facts('ExchangeFailed')).filter(({ metadata }) => metadata.clientId === client.client_id)
    expect(facts).toHaveLength(6)
    expect(JSON.stringify(facts)).not.toContain(proof)
  })

  it('is for the issuer, whatever Host says', async () => {
    const { client } = await machine()
    const body = new URLSearchParams({ ...credentialsOf(client), grant_type: 'client_credentials', audience: TAKES_DPOP }).toString()
    const send = async (htu: string): Promise<number> => {
      const headers = { host: 'evil.example', 'content-type': 'application/x-www-form-urlencoded', dpop: await key.proof('POST', htu) }
      return new Promise((resolve, reject) => {
        const outgoing = request(url(), { method: 'POST', headers }, (res) => resolve(res.resume().statusCode!))
        outgoing.once('error', reject).end(body)
      })
    }
    expect(await send('http://evil.example/oauth/token')).toBe(400)
    expect(await send(url())).toBe(200)
  })

  it('comes once: two headers are refused', async () => {
    const { client } = await machine()
    const headers = new Headers({ 'content-type': 'application/x-www-form-urlencoded' })
    for (let n = 0; n < 2; n++) headers.append('dpop', await key.proof('POST', url()))
    const body = new URLSearchParams({ ...credentialsOf(client), grant_type: 'client_credentials', audience: TAKES_DPOP })
    const res = await fetch(url(), { method: 'POST', headers, body: body.toString() })
    expect({ status: res.status, body: await res.json() }).toEqual({
      status: 400,
      body: { error: 'invalid_dpop_proof', error_description: 'There must be exactly one DPoP header.' },
    })
  })

  it('is looked at once the client is known to be who it says, and may use the grant', async () => {
    const { client } = await machine()
    const dpop = 'nonsense'
    expect((await scene.token(client, { grant_type: 'client_credentials', client_secret: 'wrong' }, { dpop })).status).toBe(401)
    const none = await scene.client({ grant_types: [] })
    expect(await scene.token(none, { grant_type: 'client_credentials' }, { dpop })).toMatchObject({ status: 403, body: { error: 'unauthorized_client' } })
  })
})

describe('a nonce', () => {
  it('is demanded of a public client before its code is looked at, and comes with every answer', async () => {
    const client = await publicClient()
    const code = await scene.code(client, userId, { audience: TAKES_DPOP })
    const challenged = await scene.token(client, exchangeOf(code), { dpop: await key.proof('POST', url()) })
    expect(challenged).toMatchObject({
      status: 400,
      body: { error: 'use_dpop_nonce', error_description: 'Authorization server requires nonce in DPoP proof' },
    })
    const nonce = challenged.headers.get('dpop-nonce')
    const good = await scene.token(client, exchangeOf(code), { dpop: await key.proof('POST', url(), { nonce }) })
    expect(good).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    expect(good.headers.get('dpop-nonce')).toBe(nonce)
    const spent = await scene.token(client, exchangeOf(code), { dpop: await key.proof('POST', url(), { nonce }) })
    expect(spent).toMatchObject({ status: 403, body: { error: 'invalid_grant' } })
    expect(spent.headers.get('dpop-nonce')).toBe(nonce)
    // Asking for a nonce is no refusal, and anybody may do it.
    const facts = (await scene.facts('ExchangeFailed')).filter(({ metadata }) => metadata.clientId === client.client_id)
    expect(facts.map(({ data }) => data.reason)).toEqual(['replayed'])
  })

  it('that is none of ours is answered with one that is', async () => {
    const client = await publicClient()
    for (const nonce of ['x', '', 1, randomBytes(20).toString('base64url')]) {
      const { status, body, headers } = await scene.token(client, exchangeOf('x'), { dpop: await key.proof('POST', url(), { nonce }) })
      expect({ status, error: body.error }).toEqual({ status: 400, error: 'use_dpop_nonce' })
      expect(headers.get('dpop-nonce')).toMatch(/^[\w-]{27}$/)
    }
  })

  it('can be read by scripts of the client', async () => {
    const client = await publicClient()
    const { headers } = await scene.token(client, exchangeOf('x'), { origin: new URL(CALLBACK).origin, dpop: await key.proof('POST', url()) })
    expect(headers.get('access-control-allow-origin')).toBe(new URL(CALLBACK).origin)
    expect(headers.get('access-control-expose-headers')).toContain('DPoP-Nonce')
  })

  it('counts for a clock that is wrong', async () => {
    const client = await publicClient()
    const code = await scene.code(client, userId)
    expect((await tokenWithProof(scene, client, key, exchangeOf(code), { iat: 1 })).status).toBe(200)
  })

  it('is demanded of clients with a secret where that is set', async () => {
    const strict = await startApp({ DPOP_NONCE_FOR_CONFIDENTIAL: 'true', DPOP_ALGS: 'ES384,ES256' })
    try {
      const there = new OAuthScene(strict)
      await there.api({ proof_of_possession: { mechanism: 'dpop', required: true } })
      const client = await there.client()
      await there.grant(client.client_id, ['read:orders'])
      const ask = async (claims: object): Promise<Answer> =>
        there.token(client, { grant_type: 'client_credentials', audience: AUDIENCE }, { dpop: await key.proof('POST', `${strict.url}oauth/token`, claims) })
      const challenged = await ask({})
      expect(challenged.body.error).toBe('use_dpop_nonce')
      expect((await ask({ nonce: challenged.headers.get('dpop-nonce') })).body).toMatchObject({ token_type: 'DPoP' })
      const discovery = await there.send('GET', '.well-known/openid-configuration')
      expect(discovery.body).toMatchObject({ dpop_signing_alg_values_supported: ['ES384', 'ES256'] })
    } finally {
      await strict.close()
    }
    expect((await scene.send('GET', '.well-known/openid-configuration')).body).toMatchObject({ dpop_signing_alg_values_supported: ['ES256'] })
  })
})

describe('on several workers', () => {
  it('a nonce of one is good for another, and a proof works on one of them only', async () => {
    const { client } = await machine()
    const other = await anotherWorker(service)
    try {
      const there = other.scene
      const { headers } = await scene.token(client, { grant_type: 'client_credentials', audience: TAKES_DPOP }, { dpop: await key.proof('POST', url()) })
      const proof = await key.proof('POST', url(), { nonce: headers.get('dpop-nonce') })
      const both = await Promise.all(
        [scene, there, scene, there].map((at) => at.token(client, { grant_type: 'client_credentials', audience: TAKES_DPOP }, { dpop: proof })),
      )
      expect(both.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400])
      expect(both.filter(({ status }) => status === 400).every(({ body }) => body.error === 'invalid_dpop_proof')).toBe(true)
      const spa = await publicClient()
      const nonce = (await there.token(spa, exchangeOf('x'), { dpop: await key.proof('POST', url()) })).headers.get('dpop-nonce')
      const code = await scene.code(spa, userId)
      expect((await scene.token(spa, exchangeOf(code), { dpop: await key.proof('POST', url(), { nonce }) })).status).toBe(200)
    } finally {
      await other.close()
    }
  })

  it('a proof stays used and a nonce good after a restart, also with a new root key', async () => {
    const { client } = await machine()
    const parameters = { grant_type: 'client_credentials', audience: TAKES_DPOP }
    const proof = await key.proof('POST', url())
    const first = await anotherWorker(service)
    const { status, headers } = await first.scene.token(client, parameters, { dpop: proof })
    await first.close()
    expect(status).toBe(200)
    const rotated = { ...service.config, encryptionKeys: [randomBytes(32), ...service.config.encryptionKeys] }
    for (const config of [service.config, rotated]) {
      const next = await anotherWorker({ ...service, config })
      try {
        expect((await next.scene.token(client, parameters, { dpop: proof })).body.error).toBe('invalid_dpop_proof')
        const fresh = await key.proof('POST', url(), { nonce: headers.get('dpop-nonce') })
        expect((await next.scene.token(client, parameters, { dpop: fresh })).status).toBe(200)
      } finally {
        await next.close()
      }
    }
  })

  it('forget a proof once it is refused for its age, and no sooner', async () => {
    const { client } = await machine()
    const parameters = { grant_type: 'client_credentials', audience: TAKES_DPOP }
    const proof = await key.proof('POST', url())
    expect((await scene.token(client, parameters, { dpop: proof })).status).toBe(200)
    await service.commands.execute(new ForgetUsedProofs())
    expect((await scene.token(client, parameters, { dpop: proof })).status).toBe(400)
    const { rows } = await service.pool.query<{ hash: Buffer; seconds: number }>(
      `select hash, extract(epoch from expires_at - now())::float8 as seconds from used_dpop_proofs`,
    )
    for (const { hash, seconds } of rows) {
      expect(hash).toHaveLength(32)
      expect(seconds).toBeGreaterThan(300)
      expect(seconds).toBeLessThan(1000)
    }
    await service.pool.query(`insert into used_dpop_proofs select sha256(int4send(n)), now() - interval '1 second' from generate_series(1, 10001) as n`)
    await service.commands.execute(new ForgetUsedProofs())
    expect((await service.pool.query('select from used_dpop_proofs')).rowCount).toBe(rows.length)
  })
})
