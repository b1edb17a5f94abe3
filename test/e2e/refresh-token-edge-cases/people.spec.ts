import { DeleteUser } from '../../../src/users/index.js'
import { startApp, type TestApp } from '../../support/app.js'
import { type Answer, AUDIENCE, claimsOf, OAuthScene, ROTATING } from '../../support/oauth.js'
import { familyEvents } from '../../support/recorded.js'

const GONE = { status: 403, body: { error: 'invalid_grant', error_description: "The refresh_token was generated for a user who doesn't exist anymore." } }
const BLOCKED = { status: 403, body: { error: 'invalid_grant', error_description: 'user is blocked' } }

let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
})
afterAll(() => service.close())

const deleteUser = (userId: string): Promise<unknown> => service.commands.execute(new DeleteUser(userId, {}))

describe('edge cases of refresh tokens: people (spec/refresh-tokens.md §17)', () => {
  it('#20 blocked: 403 “user is blocked”; unblocked: works again, same token', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const userId = await scene.user()
    const { refreshToken, familyId } = await scene.refreshToken(client, userId)
    await scene.setBlocked(userId, true)
    expect(await scene.refresh(client, refreshToken)).toMatchObject(BLOCKED)
    await scene.setBlocked(userId, false)
    expect((await scene.refresh(client, refreshToken)).status).toBe(200)
    expect(await familyEvents(service, familyId)).toEqual(['FamilyStarted', 'RefreshTokenRotated'])
  })

  it('#21 deleted user: 403, exact text, also once the family is revoked for it', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const userId = await scene.user()
    const { refreshToken } = await scene.refreshToken(client, userId)
    await deleteUser(userId)
    for (let n = 0; n < 20; n++) expect(await scene.refresh(client, refreshToken)).toMatchObject(GONE)
    const { rows } = await service.pool.query(`select count(*)::int as n from person_keys where person_id = $1`, [userId])
    expect(rows[0].n).toBeLessThanOrEqual(1)
  })

  it('#22 deleted, then a user with the same id re-created: old tokens stay dead', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const userId = await scene.user()
    const { refreshToken } = await scene.refreshToken(client, userId)
    await deleteUser(userId)
    await scene.user({ userId })
    expect(await scene.refresh(client, refreshToken)).toMatchObject(GONE)
    const mine = await scene.refreshToken(client, userId)
    expect((await scene.refresh(client, mine.refreshToken)).status).toBe(200)
  })

  it('#22 as above: a code of the deleted user brings the new one nothing', async () => {
    const client = await scene.client()
    const userId = await scene.user()
    const redeem = (code: string): Promise<Answer> => scene.token(client, { grant_type: 'authorization_code', code, redirect_uri: client.callbacks![0]! })
    const authorizedAt = new Date().toISOString()
    const [before, late] = [await scene.code(client, userId, { authorizedAt }), await scene.code(client, userId, { authorizedAt })]
    expect((await redeem(before)).status).toBe(200)
    await deleteUser(userId)
    await scene.user({ userId })
    const refusal = { status: 403, body: { error: 'invalid_grant', error_description: 'Invalid authorization code' } }
    expect(await redeem(late)).toMatchObject(refusal)
    const failed = (await scene.facts('ExchangeFailed')).filter(({ metadata }) => metadata.clientId === client.client_id)
    expect(failed).toMatchObject([{ data: { reason: 'user-gone' } }])
    const mine = await scene.code(client, userId, { authorizedAt: new Date().toISOString() })
    expect((await redeem(mine)).status).toBe(200)
  })

  it('#43 ID token after refresh: no nonce, old auth_time, same sid even if the session is gone', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const first = await scene.token(client, {
      grant_type: 'authorization_code',
      code: await scene.code(client, await scene.user()),
      redirect_uri: client.callbacks![0]!,
    })
    const login = claimsOf(first.body.id_token) as unknown as Record<string, unknown>
    expect(login).toMatchObject({ nonce: 'n-0S6_WzA2Mj', sid: 'session-1' })
    let answer: Answer = first
    for (let n = 0; n < 2; n++) {
      answer = await scene.refresh(client, answer.body.refresh_token)
      const claims = claimsOf(answer.body.id_token) as unknown as Record<string, unknown>
      expect(claims).not.toHaveProperty('nonce')
      const { sub, aud, sid, auth_time } = login
      expect(claims).toMatchObject({ sub, aud, sid, auth_time: Date.parse('2026-01-02T03:04:05Z') / 1000 })
      expect(auth_time).toBe(claims['auth_time'])
    }
  })

  it('#42 openid never granted: no ID token', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { refreshToken } = await scene.refreshToken(client, await scene.user(), { scope: ['offline_access', 'read:orders'] })
    const { status, body } = await scene.refresh(client, refreshToken, { scope: 'openid read:orders' })
    expect({ status, scope: body.scope }).toEqual({ status: 200, scope: 'offline_access read:orders' })
    expect(body).not.toHaveProperty('id_token')
    expect(claimsOf(body.access_token).aud).toBe(AUDIENCE)
  })
})
