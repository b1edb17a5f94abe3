import { ChangeClient, ChangeResourceServer } from '../../src/authorization/index.js'
import { DeleteUser } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { dpopKey } from '../support/dpop.js'
import { AUDIENCE, OAuthScene, ROTATING, SECRET, UNKNOWN } from '../support/oauth.js'
import { familyEvents } from '../support/recorded.js'

let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api({ id: 'orders' })
})
afterAll(() => service.close())

/** Of a family or a client, in the order in which they were written. */
const reasons = async (about: { familyId?: string; clientId?: string }): Promise<(string | undefined)[]> =>
  (await scene.facts('ExchangeFailed'))
    .filter(({ data, metadata }) => data.familyId === about.familyId && (about.clientId === undefined || metadata.clientId === about.clientId))
    .map(({ data }) => data.reason)

describe('the checks of an exchange come in the order of spec/refresh-tokens.md §6.1', () => {
  it('1 to 6: before anything is asked of the family', async () => {
    const key = await dpopKey()
    const client = await scene.client({ refresh_token: ROTATING, grant_types: ['authorization_code'] })
    const { refreshToken, familyId } = await scene.refreshToken(client, await scene.user(), { dpopThumbprint: key.jkt })
    const everythingWrong = { client_id: client.client_id, client_secret: `${SECRET}x`, grant_type: 'refresh_token', scope: 'admin' }
    const headers = { dpop: 'garbage' }
    expect(await scene.form('oauth/token', everythingWrong, headers)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: 'Missing required parameter: refresh_token' },
    })
    const withToken = { ...everythingWrong, refresh_token: 'v1.x' }
    expect(await scene.form('oauth/token', withToken, headers)).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    const withSecret = { ...withToken, client_secret: SECRET }
    expect(await scene.form('oauth/token', withSecret, headers)).toMatchObject({
      status: 403,
      body: { error: 'unauthorized_client', error_description: "Grant type 'refresh_token' not allowed for the client." },
    })
    await service.commands.execute(new ChangeClient(client.client_id, { grant_types: ['refresh_token'] }, {}))
    expect(await scene.form('oauth/token', withSecret, headers)).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } })
    expect(await scene.form('oauth/token', withSecret)).toMatchObject(UNKNOWN)
    const known = { ...withSecret, refresh_token: refreshToken }
    expect(await scene.form('oauth/token', known)).toMatchObject(UNKNOWN)
    expect(await reasons({ familyId })).toEqual(['binding'])
    expect(await familyEvents(service, familyId)).toEqual(['FamilyStarted'])
    expect((await reasons({ clientId: client.client_id })).slice(-2)).toEqual([expect.any(String), 'unknown'])
  })

  it('6 to 8: a wrong key before an end, an end before reuse', async () => {
    const key = await dpopKey()
    const client = await scene.client({ refresh_token: ROTATING, token_endpoint_auth_method: 'none' })
    const bound = await scene.refreshToken(client, await scene.user(), { dpopThumbprint: key.jkt })
    expect(await scene.refresh(client, bound.refreshToken, { scope: 'admin' })).toMatchObject(UNKNOWN)
    expect(await reasons({ familyId: bound.familyId })).toEqual(['binding'])
    const ended = await scene.refreshToken(client, await scene.user())
    await scene.refresh(client, ended.refreshToken)
    await scene.form('oauth/revoke', { client_id: client.client_id, token: ended.refreshToken })
    expect(await scene.refresh(client, ended.refreshToken)).toMatchObject(UNKNOWN)
    expect(await reasons({ familyId: ended.familyId })).toEqual(['revoked'])
    expect(await familyEvents(service, ended.familyId)).toEqual(['FamilyStarted', 'RefreshTokenRotated', 'FamilyRevoked'])
  })

  it('8 to 13: reuse before the person, the person before what they may, that before the proof of it', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const userId = await scene.user()
    const [spent, next] = [await scene.refreshToken(client, userId), await scene.refreshToken(client, userId)]
    await scene.refresh(client, spent.refreshToken)
    await scene.setBlocked(userId, true)
    const wrong = { scope: 'admin', audience: 'https://nowhere.example.com/' }
    expect(await scene.refresh(client, spent.refreshToken, wrong)).toMatchObject(UNKNOWN)
    expect((await familyEvents(service, spent.familyId)).at(-1)).toBe('FamilyRevoked')
    expect(await reasons({ familyId: spent.familyId })).toEqual([])

    await service.commands.execute(new ChangeResourceServer('orders', { proof_of_possession: { mechanism: 'dpop', required: true } }, {}))
    expect(await scene.refresh(client, next.refreshToken, wrong)).toMatchObject({ status: 403, body: { error_description: 'user is blocked' } })
    await scene.setBlocked(userId, false)
    expect(await scene.refresh(client, next.refreshToken, wrong)).toMatchObject({ status: 403, body: { error: 'access_denied' } })
    expect(await scene.refresh(client, next.refreshToken, { ...wrong, audience: AUDIENCE })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    expect(await scene.refresh(client, next.refreshToken)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    await service.commands.execute(new ChangeResourceServer('orders', { proof_of_possession: null }, {}))
    expect(await familyEvents(service, next.familyId)).toEqual(['FamilyStarted'])
    const last = await scene.refresh(client, next.refreshToken)
    expect(last.status).toBe(200)
    await service.commands.execute(new DeleteUser(userId, {}))
    expect(await scene.refresh(client, last.body.refresh_token, wrong)).toMatchObject({
      status: 403,
      body: { error_description: "The refresh_token was generated for a user who doesn't exist anymore." },
    })
    expect(await reasons({ familyId: next.familyId })).toEqual(['user-blocked', 'unknown-audience', 'scope', 'possession', 'user-gone'])
  })
})
