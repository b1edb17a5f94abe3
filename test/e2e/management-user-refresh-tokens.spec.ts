import { startApp, type TestApp } from '../support/app.js'
import { userPath as path, usersOf } from '../support/managed.js'
import { OAuthScene, ROTATING } from '../support/oauth.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

const { made } = usersOf(() => service)

describe('refresh tokens of a user', () => {
  const gone = { status: 403, body: { error: 'invalid_grant', error_description: "The refresh_token was generated for a user who doesn't exist anymore." } }
  let scene: OAuthScene
  beforeAll(async () => {
    scene = new OAuthScene(service)
    await scene.api()
  })
  /** Why there are any: on a slow machine the reactor's may come before the request's own. */
  const marks = async (userId: string): Promise<string[]> => {
    const { rows } = await service.pool.query<{ reason: string }>(
      `select distinct reason from refresh_token_marks where key = (refresh_token_mark_keys($1, null, null, null))[1]`,
      [userId],
    )
    return rows.map(({ reason }) => reason)
  }

  it('are refused by name once the user is deleted, also when the id is used again', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { user_id } = await made({ user_id: 'goes' })
    const tokens = await Promise.all(Array.from({ length: 3 }, () => scene.refreshToken(client, user_id)))
    expect((await service.api('DELETE', path(user_id))).status).toBe(204)
    expect(await marks(user_id)).toEqual(['user-deleted'])
    for (const { refreshToken } of tokens.slice(1)) expect(await scene.refresh(client, refreshToken)).toMatchObject(gone)
    await made({ user_id: 'goes' })
    expect(await scene.refresh(client, tokens[0]!.refreshToken)).toMatchObject(gone)
    expect((await service.api('GET', `${path(user_id)}/refresh-tokens`)).body).toEqual({ tokens: [] })
  })

  it('end with the password they were given for, before the change is answered; newer ones stay', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { user_id } = await made()
    const { refreshToken } = await scene.refreshToken(client, user_id)
    expect((await service.api('PATCH', path(user_id), { password: 'Another-Horse-2' })).status).toBe(200)
    expect(await scene.refresh(client, refreshToken)).toMatchObject({ status: 403, body: { error_description: 'Unknown or invalid refresh token.' } })
    expect(await marks(user_id)).toEqual(['password-changed'])
    const newer = await scene.refreshToken(client, user_id)
    expect((await scene.refresh(client, newer.refreshToken)).status).toBe(200)
  })

  it('are refused while the user is blocked', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { user_id } = await made()
    const { refreshToken } = await scene.refreshToken(client, user_id)
    await service.api('PATCH', path(user_id), { blocked: true })
    expect(await scene.refresh(client, refreshToken)).toMatchObject({ status: 403, body: { error_description: 'user is blocked' } })
    await service.api('PATCH', path(user_id), { blocked: false })
    expect((await scene.refresh(client, refreshToken)).status).toBe(200)
  })
})
