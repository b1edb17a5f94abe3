import { ChangeClient } from '../../src/authorization/index.js'
import { RevokeRefreshToken } from '../../src/tokens/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { AUDIENCE, claimsOf, OAuthScene } from '../support/oauth.js'
import { CAFE, historiesOf } from '../support/token-histories.js'

let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
})
afterAll(() => service.close())

const { login, exchange, history, entriesOf } = historiesOf(() => scene)
const reuseCase = (id: string) => service.api('GET', `refresh-tokens/${id}/reuse-case`)

describe('GET /refresh-tokens/{id}/reuse-case', () => {
  const NONE = { status: 404, body: { message: 'No reuse of this refresh token was detected.', errorCode: 'inexistent_reuse_case' } }

  it('tells which generation leaked, between which times and places, who got what, and what to do', async () => {
    const { client, userId, id, token } = await login()
    const second = await exchange(client, token)
    const third = await exchange(client, second.body.refresh_token)
    expect(await reuseCase(id)).toMatchObject(NONE)
    expect((await exchange(client, second.body.refresh_token, CAFE)).status).toBe(403)
    for (const replayed of [third.body.refresh_token, token]) expect((await exchange(client, replayed, CAFE)).status).toBe(403)
    const { status, body } = await reuseCase(id)
    expect(status).toBe(200)
    const jti = claimsOf(third.body.access_token).jti
    expect(body).toMatchObject({
      id,
      user_id: userId,
      client_id: client.client_id,
      session_id: 'session-1',
      assessment: 'theft',
      generation: 2,
      latest_generation: 3,
      issued: { ip: '203.0.113.50', user_agent: 'Home-Browser/1', log_id: expect.any(String) },
      first_presented: { ip: '203.0.113.50', position: expect.any(Number), log_id: expect.any(String) },
      presented_again: { ip: '198.51.100.60', user_agent: 'Cafe-Tool/2', log_id: expect.any(String) },
      access_tokens: [{ jti, audience: AUDIENCE, given_to: 'first', presented_generation: 2, repeated: false, valid: true, ip: '203.0.113.50' }],
      access_tokens_total: 1,
      attempts_since: [
        { ip: '198.51.100.60', user_agent: 'Cafe-Tool/2', log_id: expect.any(String) },
        { ip: '198.51.100.60', log_id: expect.any(String) },
      ],
    })
    expect(body.leaked_between).toEqual({ from: body.issued.at, to: body.presented_again.at })
    const { exp } = claimsOf(third.body.access_token) as unknown as { exp: number }
    expect(body.access_tokens[0].expires_at).toBe(new Date(exp * 1000).toISOString())
    expect(body.access_tokens_valid_until).toBe(body.access_tokens[0].expires_at)
    expect(body.what_to_do.map(({ action }: Json) => action)).toEqual(['log_in_again', 'reject_access_tokens', 'revoke_access', 'watch_attempts'])
    const ferrt = (await service.api('GET', `logs/${body.presented_again.log_id}`)).body
    expect([ferrt.type, ferrt.details.familyId]).toEqual(['ferrt', id])
    expect((await history(id)).body.refresh_token).toMatchObject({ status: 'revoked', reason: 'reuse' })
  })

  it('tells a repeat within the leeway from the theft that follows', async () => {
    const { client, id, token } = await login({ leeway: 30 })
    const second = await exchange(client, token)
    const again = await exchange(client, token, CAFE)
    expect(again.body.refresh_token).toBe(second.body.refresh_token)
    await exchange(client, second.body.refresh_token)
    expect((await exchange(client, token, CAFE)).status).toBe(403)
    const { body } = await reuseCase(id)
    expect(body).toMatchObject({ generation: 1, latest_generation: 3, assessment: 'theft' })
    expect(body.access_tokens).toMatchObject([
      { given_to: 'first', repeated: false, presented_generation: 1 },
      { given_to: 'second', repeated: true, presented_generation: 1, jti: claimsOf(again.body.access_token).jti },
      { given_to: 'first', repeated: false, presented_generation: 2 },
    ])
    expect((await entriesOf(id))[2]).toMatchObject({ type: 'exchanged', details: { repeated: true, generation: 2 } })
  })

  it('takes two requests from one place for a lost answer, and says which leeway would have helped', async () => {
    const { client, id, token } = await login()
    await exchange(client, token)
    expect((await exchange(client, token)).status).toBe(403)
    const { body } = await reuseCase(id)
    expect(body.assessment).toBe('retry')
    expect(body.what_to_do.map(({ action }: Json) => action)).toContain('set_leeway')
  })

  it('is 404 for a token that ended otherwise, whatever is presented afterwards', async () => {
    const { client, id, token } = await login()
    const { body } = await exchange(client, token)
    await service.commands.execute(new RevokeRefreshToken(id, 'api'))
    for (const replayed of [token, body.refresh_token]) expect((await exchange(client, replayed, CAFE)).status).toBe(403)
    expect(await reuseCase(id)).toMatchObject(NONE)
  })

  it('works for a token of the family before, and after the user is gone', async () => {
    const { client, id, token, userId } = await login()
    const second = (await exchange(client, token)).body.refresh_token
    await service.commands.execute(new ChangeClient(client.client_id, { refresh_token: { rotation_type: 'non-rotating', expiration_type: 'expiring' } }, {}))
    expect((await exchange(client, second)).status).toBe(200)
    expect((await exchange(client, token, CAFE)).status).toBe(403)
    const successor = (await history(id)).body.refresh_token.replaced_by
    const { body } = await reuseCase(successor)
    expect(body).toMatchObject({ generation: -1, first_presented: { ip: '203.0.113.50' }, presented_again: { ip: '198.51.100.60' }, access_tokens_total: 2 })
    expect((await service.api('DELETE', `users/${encodeURIComponent(userId)}`)).status).toBe(204)
    const after = await eventually(async () => {
      const { body: found } = await reuseCase(successor)
      return found.first_presented.ip === null && found
    })
    expect(after).toMatchObject({ assessment: 'unknown', generation: -1, presented_again: { ip: null } })
  })
})
