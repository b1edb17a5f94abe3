import { ChangeClient } from '../../src/authorization/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { current, eventually } from '../support/eventually.js'
import { anotherWorker, AUDIENCE, claimsOf, OAuthScene, ROTATING, SECRET } from '../support/oauth.js'
import { CAFE, historiesOf } from '../support/token-histories.js'

const GONE = { statusCode: 404, error: 'Not Found', message: 'The refresh token does not exist.', errorCode: 'inexistent_refresh_token' }

let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
})
afterAll(() => service.close())

const { login, exchange, history, entriesOf } = historiesOf(() => scene)

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
