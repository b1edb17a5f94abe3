import { ChangeClient, type ClientDocument } from '../../src/authorization/index.js'
import { RevokeRefreshToken } from '../../src/tokens/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { current, eventually } from '../support/eventually.js'
import { anotherWorker, AUDIENCE, CALLBACK, claimsOf, OAuthScene, ROTATING, SECRET } from '../support/oauth.js'

const HOME = { 'x-forwarded-for': '203.0.113.50', 'user-agent': 'Home-Browser/1' }
const CAFE = { 'x-forwarded-for': '198.51.100.60', 'user-agent': 'Cafe-Tool/2' }

let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
})
afterAll(() => service.close())

interface Login {
  readonly client: ClientDocument
  readonly userId: string
  readonly id: string
  readonly token: string
  readonly jti: string
}
async function login(refreshToken: object = {}, userId?: string): Promise<Login> {
  const client = await scene.client({ refresh_token: { ...ROTATING, ...refreshToken } })
  const person = userId ?? (await scene.user())
  const code = await scene.code(client, person)
  const { body } = await scene.token(client, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK }, HOME)
  const { refresh_tokens } = (await service.api('GET', `refresh-tokens?user_id=${encodeURIComponent(person)}&client_id=${client.client_id}`)).body
  return { client, userId: person, id: refresh_tokens[0].id, token: body.refresh_token, jti: claimsOf(body.access_token).jti }
}
const exchange = (client: ClientDocument, token: string, headers = HOME) => scene.token(client, { grant_type: 'refresh_token', refresh_token: token }, headers)
const history = (id: string, query = '') => service.api('GET', `refresh-tokens/${id}/history${query}`)
const entriesOf = async (id: string): Promise<Json[]> => (await history(id)).body.history
const reuseCase = (id: string) => service.api('GET', `refresh-tokens/${id}/reuse-case`)
const GONE = { statusCode: 404, error: 'Not Found', message: 'The refresh token does not exist.', errorCode: 'inexistent_refresh_token' }

describe('GET /refresh-tokens/{id}/history', () => {
  it('tells the life of a refresh token: what, when, who, from where, and where it stands in the log', async () => {
    const { client, userId, id, token, jti } = await login()
    const first = await exchange(client, token, CAFE)
    await service.api('PATCH', `refresh-tokens/${id}`, { refresh_token_metadata: { device: 'phone' } }, { 'x-correlation-id': 'corr-history' })
    const { status, body } = await history(id)
    expect(status).toBe(200)
    expect(body.refresh_token).toEqual({
      id,
      user_id: userId,
      client_id: client.client_id,
      session_id: 'session-1',
      rotating: true,
      status: 'active',
      created_at: expect.stringMatching(/Z$/),
      ended_at: null,
      reason: null,
      replaces: null,
      replaced_by: null,
    })
    const common = { date: expect.stringMatching(/Z$/), position: expect.any(Number), user_id: userId }
    expect(body.history).toMatchObject([
      {
        ...common,
        type: 'issued',
        client_id: client.client_id,
        ip: '203.0.113.50',
        user_agent: 'Home-Browser/1',
        log_id: expect.stringMatching(/^900\d{53}$/),
        details: { generation: 1, audience: AUDIENCE, access_token: { jti, audience: AUDIENCE }, metadata: {} },
      },
      {
        ...common,
        type: 'rotated',
        client_id: client.client_id,
        ip: '198.51.100.60',
        user_agent: 'Cafe-Tool/2',
        log_id: expect.stringMatching(/^900\d{53}$/),
        details: { generation: 2, repeated: false, access_token: { jti: claimsOf(first.body.access_token).jti, audience: AUDIENCE } },
      },
      {
        ...common,
        type: 'metadata_changed',
        actor: 'management@clients',
        correlation_id: 'corr-history',
        log_id: null,
        details: { metadata: { device: 'phone' } },
      },
    ])
    const logs = await Promise.all([0, 1].map(async (n) => (await service.api('GET', `logs/${body.history[n].log_id}`)).body))
    expect(logs.map(({ type, details }) => [type, details.familyId])).toEqual([
      ['seacft', id],
      ['sertft', id],
    ])
  })

  it('names the place of each event, also where many are sealed together', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const userId = await scene.user()
    const made = await Promise.all(Array.from({ length: 40 }, () => scene.refreshToken(client, userId)))
    const { rows } = await service.pool.query<{ id: string; position: number; together: number }>(
      `select substring(stream_id from length('refresh_token_family-') + 1) as id,
         (select count(*) from events b where (b.epoch, b.xid, b.sequence) <= (e.epoch, e.xid, e.sequence)) as position
       from events e where type = 'FamilyStarted' and data->>'clientId' = $1`,
      [client.client_id],
    )
    const found = await Promise.all(made.map(async ({ familyId: id }) => ({ id, position: (await entriesOf(id))[0].position as number })))
    expect(found.sort((a, b) => a.position - b.position)).toEqual(rows.sort((a, b) => a.position - b.position))
    const { rows: seals } = await service.pool.query<{ most: number }>(
      'select max(last_position - first_position) as most from seals where last_position >= $1',
      [found[0]!.position],
    )
    expect(seals[0]!.most).toBeGreaterThan(0)
  })

  it('is read page by page, each entry once', async () => {
    const { client, id, token } = await login()
    let next = token
    for (let n = 0; n < 4; n++) next = (await exchange(client, next)).body.refresh_token
    const types: string[] = []
    let from = ''
    for (let pages = 1; ; pages++) {
      const { body } = await history(id, `?take=2${from}`)
      types.push(...body.history.map(({ type, details }: Json) => `${type} ${details.generation}`))
      if (body.next === undefined) {
        expect(pages).toBe(3)
        break
      }
      from = `&from=${body.next}`
    }
    expect(types).toEqual(['issued 1', 'rotated 2', 'rotated 3', 'rotated 4', 'rotated 5'])
    expect((await history(id, `?take=0`)).status).toBe(400)
    const other = await login()
    expect((await history(other.id, from.replace('&', '?'))).body.message).toContain('has expired or is invalid')
  })

  it('goes on when the token is revoked, by whatever means', async () => {
    const [single, marked, client] = [await login(), await login(), await login()]
    await service.api('DELETE', `refresh-tokens/${single.id}`)
    await service.api('POST', 'refresh-tokens/revoke', { user_id: marked.userId })
    await scene.form('oauth/revoke', { client_id: client.client.client_id, client_secret: SECRET, token: client.token }, CAFE)
    expect((await history(single.id)).body).toMatchObject({
      refresh_token: { status: 'revoked', reason: 'api', ended_at: expect.any(String) },
      history: [{ type: 'issued' }, { type: 'revoked', actor: 'management@clients', details: { reason: 'api', latest_generation: 1 } }],
    })
    const { body } = await history(marked.id)
    expect(body).toMatchObject({
      refresh_token: { status: 'revoked', reason: 'api-bulk' },
      history: [
        { type: 'issued' },
        { type: 'revoked', actor: 'management@clients', position: expect.any(Number), details: { reason: 'api-bulk', all_of: { user_id: marked.userId } } },
      ],
    })
    const paged = (await history(marked.id, '?take=1')).body
    expect(paged.history).toHaveLength(1)
    expect((await history(marked.id, `?take=1&from=${paged.next}`)).body).toMatchObject({ history: [{ type: 'revoked', details: { reason: 'api-bulk' } }] })
    expect((await entriesOf(client.id))[1]).toMatchObject({ type: 'revoked', ip: '198.51.100.60', log_id: expect.any(String), details: { reason: 'client' } })
  })

  it('names the call that ended several at once, one by one', async () => {
    const [one, two] = [await login(), await login()]
    const filter = { audience: AUDIENCE, initial_user_agent: 'Home-Browser/1' }
    expect((await service.api('POST', 'refresh-tokens/revoke', { filter })).body.status).toBe('done')
    const ends = await Promise.all([one, two].map(async ({ id }) => (await entriesOf(id)).at(-1)))
    expect(ends).toMatchObject([{ details: { reason: 'api-bulk' } }, { details: { reason: 'api-bulk' } }])
    expect(ends[0].details.revocation_id).toBe(ends[1].details.revocation_id)
  })

  it('knows the expired', async () => {
    const { id } = await login({ token_lifetime: 1, idle_token_lifetime: 1 })
    const { familyId } = await scene.refreshToken(await scene.client({ refresh_token: { ...ROTATING, token_lifetime: 0 } }), await scene.user())
    expect((await history(familyId)).body.refresh_token).toMatchObject({ status: 'expired', ended_at: expect.any(String), reason: null })
    expect((await history(id)).status).toBe(200)
  })

  it('leads from a family to the one that took its place, and back', async () => {
    const { client, id, token } = await login()
    await service.commands.execute(new ChangeClient(client.client_id, { refresh_token: { rotation_type: 'non-rotating', expiration_type: 'expiring' } }, {}))
    expect((await exchange(client, token)).status).toBe(200)
    const before = (await history(id)).body
    expect(before.refresh_token).toMatchObject({ status: 'revoked', reason: 'rotation-switched', replaced_by: expect.any(String) })
    const after = (await history(before.refresh_token.replaced_by)).body
    expect(after).toMatchObject({
      refresh_token: { status: 'active', rotating: false, replaces: id },
      history: [
        { type: 'issued', details: { replaces: id } },
        { type: 'exchanged', details: { repeated: false } },
      ],
    })
  })

  it('loses the places, and nothing else, when the person is erased', async () => {
    const { client, id, token, userId } = await login()
    await exchange(client, token, CAFE)
    await service.api('PATCH', `refresh-tokens/${id}`, { refresh_token_metadata: { device: 'phone' } })
    expect((await service.api('DELETE', `users/${encodeURIComponent(userId)}`)).status).toBe(204)
    // A key that was read a moment before opens for less than a second.
    const body = await eventually(async () => {
      const { body: found } = await history(id)
      return found.history[0].ip === null && found
    })
    expect(body.history.map(({ type, ip, user_agent }: Json) => [type, ip, user_agent]).slice(0, 2)).toEqual([
      ['issued', null, null],
      ['rotated', null, null],
    ])
    expect(JSON.stringify(body)).not.toContain('phone')
    expect(body.refresh_token).toMatchObject({ user_id: userId, status: 'revoked', reason: 'user-deleted' })
    expect(body.history[1].details.access_token.jti).toEqual(expect.any(String))
  })

  it('shows on another worker what was done before it was asked for', async () => {
    const worker = await anotherWorker(service)
    try {
      const { client, id, token } = await login()
      let next = token
      for (let n = 2; n < 6; n++) {
        next = (await exchange(client, next)).body.refresh_token
        const authorization = `Bearer ${await service.managementToken()}`
        const res = await current(() => fetch(`${worker.scene.service.url}api/v2/refresh-tokens/${id}/history`, { headers: { authorization } }))
        const { history: entries } = (await res.json()) as { history: Json[] }
        expect(entries.at(-1)).toMatchObject({ type: 'rotated', position: expect.any(Number), log_id: expect.any(String), details: { generation: n } })
      }
    } finally {
      await worker.close()
    }
  })

  it.each(['history', 'reuse-case'])('%s is for those who may read both tokens and the log, and 404 for what never was', async (what) => {
    const { id } = await login()
    for (const scopes of [['read:refresh_tokens'], ['read:logs']]) {
      const authorization = `Bearer ${await service.managementToken(scopes)}`
      expect(await service.api('GET', `refresh-tokens/${id}/${what}`, undefined, { authorization })).toMatchObject({
        status: 403,
        body: { message: 'Insufficient scope, expected all of: read:refresh_tokens,read:logs', errorCode: 'insufficient_scope' },
      })
    }
    for (const unknown of ['rt_unknown', 'a%2Fb', '%F0%9F%98%80', 'x'.repeat(3000), `'%20or%201=1`]) {
      expect(await service.api('GET', `refresh-tokens/${unknown}/${what}`)).toMatchObject({ status: 404, body: GONE })
    }
  })
})

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
