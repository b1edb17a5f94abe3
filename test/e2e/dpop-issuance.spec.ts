import type { ClientDocument } from '../../src/authorization/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { type DpopKey, dpopKey, tokenWithProof } from '../support/dpop.js'
import { type Answer, AUDIENCE, CALLBACK, claimsOf, OAuthScene, ROTATING } from '../support/oauth.js'

const TAKES_DPOP = 'https://dpop.example.com/'
const DEMANDS_DPOP = 'https://bound.example.com/'
const DEMANDS_OF_PUBLIC = 'https://public-bound.example.com/'

let service: TestApp
let scene: OAuthScene
let key: DpopKey
let userId: string
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
  await scene.api({ identifier: TAKES_DPOP, proof_of_possession: { mechanism: 'dpop', required: false } })
  await scene.api({ identifier: DEMANDS_DPOP, proof_of_possession: { mechanism: 'dpop', required: true } })
  await scene.api({ identifier: DEMANDS_OF_PUBLIC, proof_of_possession: { mechanism: 'dpop', required: true, required_for: 'public_clients' } })
  userId = await scene.user()
  key = await dpopKey()
})
afterAll(() => service.close())

const publicClient = (over: Partial<ClientDocument> = {}): Promise<ClientDocument> =>
  scene.client({ token_endpoint_auth_method: 'none', refresh_token: ROTATING, ...over })
const exchangeOf = (code: string): Record<string, string> => ({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK })
const cnfOf = (jwt: string): unknown => (claimsOf(jwt) as unknown as { cnf?: unknown }).cnf
const url = (): string => `${service.url}oauth/token`
/** A confidential client with a grant at every API, and what it asks a token with. */
async function machine(
  over: Partial<ClientDocument> = {},
): Promise<{ client: ClientDocument; ask(audience: string, headers?: Record<string, string>): Promise<Answer> }> {
  const client = await scene.client(over)
  for (const audience of [AUDIENCE, TAKES_DPOP, DEMANDS_DPOP, DEMANDS_OF_PUBLIC]) await scene.grant(client.client_id, ['read:orders'], audience)
  return { client, ask: (audience, headers) => scene.token(client, { grant_type: 'client_credentials', audience }, headers) }
}

describe('proof of possession', () => {
  const possession = { status: 400, body: { error: 'invalid_request' } }

  it('is taken where the API takes it, and demanded where client or API demand it, in client_credentials', async () => {
    const easy = await machine()
    const strict = await machine({ require_proof_of_possession: true })
    const proof = async (): Promise<{ dpop: string }> => ({ dpop: await key.proof('POST', url()) })
    expect((await easy.ask(AUDIENCE, await proof())).body).toMatchObject({ token_type: 'Bearer' })
    expect((await easy.ask(DEMANDS_DPOP, await proof())).body).toMatchObject({ token_type: 'DPoP' })
    expect((await easy.ask(DEMANDS_OF_PUBLIC)).body).toMatchObject({ token_type: 'Bearer' })
    expect(await easy.ask(DEMANDS_DPOP)).toMatchObject({
      ...possession,
      body: { error_description: `The API "${DEMANDS_DPOP}" requires proof of possession (DPoP).` },
    })
    expect((await strict.ask(TAKES_DPOP, await proof())).body).toMatchObject({ token_type: 'DPoP' })
    expect(await strict.ask(TAKES_DPOP)).toMatchObject({ ...possession, body: { error_description: 'The client requires proof of possession.' } })
    expect(await strict.ask(AUDIENCE, await proof())).toMatchObject({
      ...possession,
      body: { error_description: `The client requires proof of possession, but the API "${AUDIENCE}" takes none.` },
    })
    const { rows } = await service.pool.query(`select from events where type = 'ClientTokenIssued' and metadata->>'clientId' = $1`, [strict.client.client_id])
    expect(rows).toHaveLength(1)
  })

  it('that is missing leaves a code unspent', async () => {
    const client = await publicClient()
    const code = await scene.code(client, userId, { audience: DEMANDS_DPOP })
    expect(await scene.token(client, exchangeOf(code))).toMatchObject(possession)
    const bound = await tokenWithProof(scene, client, key, exchangeOf(code))
    expect(bound).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    expect(cnfOf(bound.body.access_token)).toEqual({ jkt: key.jkt })
    const ofPublic = await scene.code(client, userId, { audience: DEMANDS_OF_PUBLIC })
    expect(await scene.token(client, exchangeOf(ofPublic))).toMatchObject(possession)
    const confidential = await scene.client()
    const code2 = await scene.code(confidential, userId, { audience: DEMANDS_OF_PUBLIC })
    expect((await scene.token(confidential, exchangeOf(code2))).body).toMatchObject({ token_type: 'Bearer' })
  })

  it('that is missing leaves a code unspent where the client demands it, also for /userinfo alone', async () => {
    const client = await publicClient({ require_proof_of_possession: true })
    const code = await scene.code(client, userId, { audience: null, scope: ['openid'] })
    expect(await scene.token(client, exchangeOf(code))).toMatchObject(possession)
    const bound = await tokenWithProof(scene, client, key, exchangeOf(code))
    expect(bound).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    const bearerApi = await scene.code(client, userId)
    expect(await tokenWithProof(scene, client, key, exchangeOf(bearerApi))).toMatchObject(possession)
  })
})

describe('dpop_jkt', () => {
  it('binds the code: another key, or none, is refused and leaves the code unspent', async () => {
    for (const client of [await publicClient(), await scene.client()]) {
      const code = await scene.code(client, userId, { dpopJkt: key.jkt })
      const refusal = { status: 403, body: { error: 'invalid_grant', error_description: 'The authorization code is bound to another DPoP key.' } }
      expect(await scene.token(client, exchangeOf(code))).toMatchObject(refusal)
      expect(await tokenWithProof(scene, client, await dpopKey(), exchangeOf(code))).toMatchObject(refusal)
      expect((await tokenWithProof(scene, client, key, exchangeOf(code))).status).toBe(200)
    }
  })
})

describe('refresh tokens (spec/refresh-tokens.md §9)', () => {
  const login = async (client: ClientDocument, by: DpopKey | undefined, audience: string | null = TAKES_DPOP): Promise<Answer> => {
    const code = await scene.code(client, userId, { audience })
    return by ? tokenWithProof(scene, client, by, exchangeOf(code)) : scene.token(client, exchangeOf(code))
  }
  const refresh = (client: ClientDocument, token: string, by: DpopKey | undefined): Promise<Answer> => {
    const parameters = { grant_type: 'refresh_token', refresh_token: token }
    return by ? tokenWithProof(scene, client, by, parameters) : scene.token(client, parameters)
  }
  const unknown = { status: 403, body: { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' } }

  it('of a public client are bound to the key of the login', async () => {
    const client = await publicClient()
    const first = await login(client, key)
    expect(await refresh(client, first.body.refresh_token, undefined)).toMatchObject(unknown)
    expect(await refresh(client, first.body.refresh_token, await dpopKey())).toMatchObject(unknown)
    const second = await refresh(client, first.body.refresh_token, key)
    expect(second).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    expect(cnfOf(second.body.access_token)).toEqual({ jkt: key.jkt })
    expect(await refresh(client, second.body.refresh_token, undefined)).toMatchObject(unknown)
    expect((await refresh(client, second.body.refresh_token, key)).status).toBe(200)
  })

  it('of a public client are bound also where the access token is not', async () => {
    const client = await publicClient()
    const first = await login(client, key, AUDIENCE)
    expect(first.body).toMatchObject({ token_type: 'Bearer' })
    expect(await refresh(client, first.body.refresh_token, undefined)).toMatchObject(unknown)
    expect((await refresh(client, first.body.refresh_token, key)).body).toMatchObject({ token_type: 'Bearer' })
  })

  it('of a public client become bound by the first rotation with a proof', async () => {
    const client = await publicClient()
    const first = await login(client, undefined)
    const second = await refresh(client, first.body.refresh_token, undefined)
    const third = await refresh(client, second.body.refresh_token, key)
    expect(third.body).toMatchObject({ token_type: 'DPoP' })
    expect(await refresh(client, third.body.refresh_token, undefined)).toMatchObject(unknown)
    expect((await refresh(client, third.body.refresh_token, key)).status).toBe(200)
  })

  it('that a thief bound to a key are dead once their owner comes with the one from before', async () => {
    const client = await publicClient()
    const first = await login(client, undefined)
    const stolen = await refresh(client, first.body.refresh_token, key)
    expect(await refresh(client, first.body.refresh_token, undefined)).toMatchObject(unknown)
    expect(await refresh(client, stolen.body.refresh_token, key)).toMatchObject(unknown)
    const ended = (await scene.facts('FamilyRevoked')).filter(({ metadata }) => metadata.clientId === client.client_id)
    expect(ended).toMatchObject([{ data: { reason: 'reuse', presentedGeneration: 1, latestGeneration: 2 } }])
  })

  it('that do not rotate stay as they are', async () => {
    const client = await publicClient({ refresh_token: { ...ROTATING, rotation_type: 'non-rotating' } })
    const { refresh_token } = (await login(client, undefined)).body
    expect((await refresh(client, refresh_token, key)).body).toMatchObject({ token_type: 'DPoP' })
    expect((await refresh(client, refresh_token, undefined)).body).toMatchObject({ token_type: 'Bearer' })
    const bound = (await login(client, key)).body.refresh_token
    expect(await refresh(client, bound, undefined)).toMatchObject(unknown)
    expect((await refresh(client, bound, key)).status).toBe(200)
  })

  it('of a confidential client are bound by its authentication, and access tokens follow the proof of their own request', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const first = await login(client, key)
    const second = await refresh(client, first.body.refresh_token, undefined)
    expect(second.body).toMatchObject({ token_type: 'Bearer' })
    const other = await dpopKey()
    const third = await refresh(client, second.body.refresh_token, other)
    expect(cnfOf(third.body.access_token)).toEqual({ jkt: other.jkt })
    expect((await refresh(client, third.body.refresh_token, key)).status).toBe(200)
  })

  it('are revoked without a proof', async () => {
    const client = await publicClient()
    const { refresh_token } = (await login(client, key)).body
    expect((await scene.form('oauth/revoke', { client_id: client.client_id, token: refresh_token })).status).toBe(200)
    expect(await refresh(client, refresh_token, key)).toMatchObject(unknown)
  })
})
