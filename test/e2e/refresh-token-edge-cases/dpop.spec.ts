import { ChangeClient, type ClientDocument } from '../../../src/authorization/index.js'
import { startApp, type TestApp } from '../../support/app.js'
import { dpopKey, tokenWithProof } from '../../support/dpop.js'
import { type Answer, AUDIENCE, OAuthScene, ROTATING } from '../../support/oauth.js'

const UNKNOWN = { status: 403, body: { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' } }

let service: TestApp
let scene: OAuthScene
let userId: string
let client: ClientDocument
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api({ proof_of_possession: { mechanism: 'dpop', required: false } })
  userId = await scene.user()
  client = await scene.client({ token_endpoint_auth_method: 'none', refresh_token: ROTATING })
})
afterAll(() => service.close())

const url = (): string => `${service.url}oauth/token`
const exchange = (token: string): Record<string, string> => ({ grant_type: 'refresh_token', refresh_token: token })
const send = (token: string, dpop: string): Promise<Answer> => scene.token(client, exchange(token), { dpop })
const familyEvents = async (familyId: string): Promise<string[]> => {
  const { rows } = await service.pool.query<{ type: string }>('select type from events where stream_id = $1 order by version', [
    `refresh_token_family-${familyId}`,
  ])
  return rows.map(({ type }) => type)
}

describe('edge cases of refresh tokens: DPoP (spec/refresh-tokens.md §17)', () => {
  it('#15 bound token, wrong key: 403, and the family lives', async () => {
    const [key, thief] = [await dpopKey(), await dpopKey()]
    const { refreshToken, familyId } = await scene.refreshToken(client, userId, { dpopThumbprint: key.jkt })
    expect(await tokenWithProof(scene, client, thief, exchange(refreshToken))).toMatchObject(UNKNOWN)
    expect(await scene.refresh(client, refreshToken)).toMatchObject(UNKNOWN)
    const second = await tokenWithProof(scene, client, key, exchange(refreshToken))
    expect(second.status).toBe(200)
    // A spent one in the thief's hands is no reuse either: without the key it proves nothing.
    expect(await tokenWithProof(scene, client, thief, exchange(refreshToken))).toMatchObject(UNKNOWN)
    expect((await tokenWithProof(scene, client, key, exchange(second.body.refresh_token))).status).toBe(200)
    expect(await familyEvents(familyId)).toEqual(['FamilyStarted', 'RefreshTokenRotated', 'RefreshTokenRotated'])
    const reasons = (await scene.facts('ExchangeFailed')).filter(({ data }) => data.familyId === familyId).map(({ data }) => data.reason)
    expect(reasons).toEqual(['binding', 'binding', 'binding'])
  })

  it('#16 bound token, no nonce: 400 use_dpop_nonce with the header, then ok', async () => {
    const key = await dpopKey()
    const { refreshToken } = await scene.refreshToken(client, userId, { dpopThumbprint: key.jkt })
    const challenged = await send(refreshToken, await key.proof('POST', url()))
    expect(challenged).toMatchObject({
      status: 400,
      body: { error: 'use_dpop_nonce', error_description: 'Authorization server requires nonce in DPoP proof' },
    })
    const nonce = challenged.headers.get('dpop-nonce')
    expect(nonce).not.toBeNull()
    expect(await send(refreshToken, await key.proof('POST', url(), { nonce }))).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
  })

  it('#17 nonce retry after use_dpop_nonce with leeway 0: 200, nothing was consumed', async () => {
    expect(client.refresh_token).toMatchObject({ leeway: 0 })
    const key = await dpopKey()
    const { refreshToken, familyId } = await scene.refreshToken(client, userId, { dpopThumbprint: key.jkt })
    let nonce: string | null = null
    for (let n = 0; n < 3; n++) nonce = (await send(refreshToken, await key.proof('POST', url()))).headers.get('dpop-nonce')
    expect(await familyEvents(familyId)).toEqual(['FamilyStarted'])
    const answer = await send(refreshToken, await key.proof('POST', url(), { nonce }))
    expect(answer.status).toBe(200)
    expect(answer.body.refresh_token).not.toBe(refreshToken)
    expect(await familyEvents(familyId)).toEqual(['FamilyStarted', 'RefreshTokenRotated'])
  })

  it('#59 client now requires PoP, unbound RT, no proof: refused 400, not consumed', async () => {
    const strict = await scene.client({ token_endpoint_auth_method: 'none', refresh_token: ROTATING })
    const { refreshToken, familyId } = await scene.refreshToken(strict, userId)
    await service.commands.execute(new ChangeClient(strict.client_id, () => ({ require_proof_of_possession: true }), {}))
    const refused = await scene.refresh(strict, refreshToken)
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_request', error_description: 'The client requires proof of possession.' } })
    expect(await familyEvents(familyId)).toEqual(['FamilyStarted'])
    const key = await dpopKey()
    const bound = await tokenWithProof(scene, strict, key, { ...exchange(refreshToken), audience: AUDIENCE })
    expect(bound).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    expect(await scene.refresh(strict, bound.body.refresh_token)).toMatchObject(UNKNOWN)
  })
})
