import type { ClientDocument } from '../../src/authorization/index.js'
import { createOwnerClient } from '../../src/database/pool.js'
import { rebuildProjection } from '../../src/event-store/rebuild-projection.js'
import { personalValues } from '../../src/keys/personal-values.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { Cursors } from '../../src/management/paging/cursors.js'
import {
  IssueRefreshToken,
  type IssuedRefreshToken,
  refreshTokenDevicesProjection,
  refreshTokensProjection,
  RevokeRefreshToken,
} from '../../src/tokens/index.js'
import { refreshTokenPolicy } from '../../src/tokens/refresh-token/policy.js'
import { startApp, type TestApp } from '../support/app.js'
import { current } from '../support/eventually.js'
import { AUDIENCE, anotherWorker, OAuthScene, ROTATING } from '../support/oauth.js'

const OTHER_AUDIENCE = 'https://bills.example.com/'
const EXPIRED = `The checkpoint ID provided in the 'from' parameter has expired or is invalid, please remove the checkpoint ID and try again`

let service: TestApp
let scene: OAuthScene
let client: ClientDocument
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
  await scene.api({ identifier: OTHER_AUDIENCE })
  client = await scene.client({ refresh_token: ROTATING })
})
afterAll(() => service.close())

interface Terms {
  readonly client?: ClientDocument
  readonly audience?: string | null
  readonly sessionId?: string | null
  readonly ip?: string
  readonly userAgent?: string
}

function issue(userId: string, { client: of = client, ip = '203.0.113.9', userAgent = 'Listed/1', ...over }: Terms = {}): Promise<IssuedRefreshToken> {
  const grant = { userId, clientId: of.client_id, sessionId: null, audience: AUDIENCE, scope: ['offline_access', 'read:orders'], rotating: true, ...over }
  return service.commands.execute(new IssueRefreshToken(grant, refreshTokenPolicy(of), { ip, userAgent }))
}

type Query = Record<string, string | number | undefined>
const toQuery = (query: Query): string =>
  new URLSearchParams(Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as [string, string]]))).toString()
const list = (query: Query, api: TestApp['api'] = service.api) => api('GET', `refresh-tokens?${toQuery(query)}`)
const idsOf = async (query: Query): Promise<string[]> => {
  const { status, body } = await list(query)
  expect({ status, body }).toMatchObject({ status: 200 })
  return body.refresh_tokens.map(({ id }: { id: string }) => id)
}
/** All pages. */
async function collect(query: Query): Promise<string[]> {
  const ids: string[] = []
  for (let from: string | undefined; ;) {
    const { status, body } = await list({ ...query, from })
    expect(status).toBe(200)
    ids.push(...body.refresh_tokens.map(({ id }: { id: string }) => id))
    if (body.next === undefined) return ids
    from = body.next
  }
}

describe('GET /refresh-tokens without a user', () => {
  it('lists by client, session, audience and device credential', async () => {
    const [ada, ben] = [await scene.user(), await scene.user()]
    const mine = await scene.client({ refresh_token: ROTATING })
    const a = (await issue(ada, { client: mine, sessionId: 'session-a' })).familyId
    const b = (await issue(ben, { client: mine, audience: OTHER_AUDIENCE })).familyId
    await issue(ada)
    expect(await idsOf({ client_id: mine.client_id })).toEqual([a, b])
    expect(await idsOf({ session_id: 'session-a' })).toEqual([a])
    expect(await idsOf({ audience: OTHER_AUDIENCE })).toEqual([b])
    expect(await idsOf({ client_id: mine.client_id, audience: AUDIENCE })).toEqual([a])
    expect(await idsOf({ user_id: ada, session_id: 'session-a', client_id: mine.client_id })).toEqual([a])
    expect(await idsOf({ user_id: ben, session_id: 'session-a' })).toEqual([])
    const { body: credentials } = await service.api('GET', `device-credentials?${toQuery({ user_id: ben })}`)
    expect(await idsOf({ device_credential_id: credentials[0].id })).toEqual([b])
    expect(await idsOf({ device_credential_id: credentials[0].id, user_id: ada })).toEqual([])
    expect(await idsOf({ device_credential_id: 'dcr_0000000000000000' })).toEqual([])
  })

  it('lists by the device that a token was issued to or last used from, by exact values', async () => {
    const userId = await scene.user()
    const [home, phone] = [{ ip: '198.51.100.7', userAgent: 'Home/1' }, { userAgent: 'Phone/2' }]
    const first = await issue(userId, home)
    const second = await issue(userId, { ip: '198.51.100.7', ...phone })
    expect((await idsOf({ initial_ip: '198.51.100.7' })).sort()).toEqual([first.familyId, second.familyId].sort())
    expect(await idsOf({ initial_user_agent: 'Home/1' })).toEqual([first.familyId])
    expect(await idsOf({ initial_ip: '198.51.100.7', initial_user_agent: 'Phone/2', client_id: client.client_id })).toEqual([second.familyId])
    expect(await idsOf({ initial_ip: '198.51.100' })).toEqual([])
    expect((await idsOf({ last_ip: '198.51.100.7' })).length).toBe(2)

    const answer = await scene.token(client, { grant_type: 'refresh_token', refresh_token: first.refreshToken }, { 'user-agent': 'Elsewhere/3' })
    expect(answer.status).toBe(200)
    expect(await idsOf({ last_ip: '198.51.100.7' })).toEqual([second.familyId])
    expect(await idsOf({ last_user_agent: 'Elsewhere/3' })).toEqual([first.familyId])
    expect(await idsOf({ initial_ip: '198.51.100.7', last_user_agent: 'Elsewhere/3' })).toEqual([first.familyId])
    expect(await idsOf({ user_id: userId, last_user_agent: 'Elsewhere/3' })).toEqual([first.familyId])
    expect((await idsOf({ user_id: userId, initial_ip: '198.51.100.7' })).length).toBe(2)
  })

  it('lists by the time of issue, both ends included', async () => {
    const userId = await scene.user()
    const made: Awaited<ReturnType<typeof issue>>[] = []
    for (let n = 0; n < 3; n++) {
      made.push(await issue(userId))
      await nextMillisecond()
    }
    const records = await Promise.all(made.map(async ({ familyId }) => (await service.api('GET', `refresh-tokens/${familyId}`)).body))
    const [a, b, c] = records.map(({ created_at }) => created_at as string)
    const [first, second, third] = made.map(({ familyId }) => familyId)
    const ofThese = (ids: string[]) => ids.filter((id) => made.some(({ familyId }) => familyId === id))
    expect(ofThese(await idsOf({ issued_from: b, issued_to: c }))).toEqual([second, third])
    expect(ofThese(await idsOf({ issued_from: a, issued_to: b, client_id: client.client_id }))).toEqual([first, second])
    expect(await idsOf({ user_id: userId, issued_to: a })).toEqual([first])
    expect(await idsOf({ audience: AUDIENCE, issued_from: c })).toEqual([third])
    expect(await idsOf({ issued_from: '2999-01-01T00:00:00+02:00' })).toEqual([])
  })

  it('leaves out the revoked and the expired', async () => {
    const mine = await scene.client({ refresh_token: ROTATING })
    const [kept, revoked, marked] = [await issue(await scene.user(), { client: mine }), await issue(await scene.user(), { client: mine }), await scene.user()]
    await issue(marked, { client: mine })
    await service.commands.execute(new RevokeRefreshToken(revoked.familyId, 'api'))
    await service.api('POST', 'refresh-tokens/revoke', { user_id: marked })
    const brief = { ...mine, refresh_token: { ...ROTATING, token_lifetime: 0 } } as ClientDocument
    await issue(await scene.user(), { client: brief })
    expect(await idsOf({ client_id: mine.client_id })).toEqual([kept.familyId])
  })

  it.each([
    [{}, 400, `Missing required 'user_id' parameter.`],
    [{ user_id: '' }, 400, `Missing required 'user_id' parameter.`],
    [{ take: 5, fields: 'id' }, 400, `Missing required 'user_id' parameter.`],
    [{ user_id: 'auth0|none', session_id: 'x' }, 404, 'User not found'],
    [{ client_id: 'none' }, 404, 'The client does not exist.'],
    [
      { device_credential_id: 'dcr_1' },
      400,
      `Query validation error: 'String does not match pattern ^(dcr_[A-Za-z0-9]{16}|[0-9a-f]{24})$' on property device_credential_id.`,
    ],
    [
      { issued_from: '2026-02-31T00:00:00Z' },
      400,
      `Query validation error: 'Object didn't pass validation for format date-time: 2026-02-31T00:00:00Z' on property issued_from.`,
    ],
    [{ issued_from: '0000-01-01T00:00:00Z' }, 400, expect.stringContaining('format date-time')],
    [{ issued_to: '9999-12-31T23:59:59-01:00' }, 400, expect.stringContaining('format date-time')],
    [{ issued_to: 'yesterday' }, 400, `Query validation error: 'Object didn't pass validation for format date-time: yesterday' on property issued_to.`],
    [{ issued_to: '2026-01-01T00:00:00' }, 400, expect.stringContaining('format date-time')],
    [{ session_id: 'x'.repeat(601) }, 400, `Query validation error: 'String is too long (601 chars), maximum 600' on property session_id.`],
  ])('answers %j with %d', async (query, status, message) => {
    expect(await list(query)).toMatchObject({ status, body: { statusCode: status, message } })
  })

  it('takes a cursor for a day, and for the same list only', async () => {
    const mine = await scene.client({ refresh_token: ROTATING })
    for (const session of ['x', 'y']) await issue(await scene.user(), { client: mine, sessionId: session })
    const query = { client_id: mine.client_id, take: 1 }
    const { next } = (await list(query)).body
    expect((await list({ ...query, from: next })).status).toBe(200)
    const refusal = { status: 400, body: { message: EXPIRED, errorCode: 'invalid_query_string' } }
    expect(await list({ ...query, audience: AUDIENCE, from: next })).toMatchObject(refusal)
    const name = `refresh-tokens ${JSON.stringify({ clientId: mine.client_id })}`
    const place = service.app.get(Cursors).read(name, next)
    const fresh = service.app.get(Cursors).write(name, place, Date.now() - 86_000_000)
    expect((await list({ ...query, from: fresh })).body.refresh_tokens).toHaveLength(1)
    const stale = service.app.get(Cursors).write(name, place, Date.now() - 86_400_000)
    expect(await list({ ...query, from: stale })).toMatchObject(refusal)
  })

  it('shows what was written before it was asked for, on another worker too', async () => {
    const worker = await anotherWorker(service)
    try {
      const userId = await scene.user()
      for (let n = 0; n < 5; n++) {
        const sessionId = `fresh-${n}`
        const { familyId } = await issue(userId, { sessionId, ip: `192.0.2.${n}` })
        const answers = await Promise.all(
          [{ session_id: sessionId }, { initial_ip: `192.0.2.${n}` }].map(async (query) => {
            const token = await service.managementToken()
            const url = `${worker.scene.service.url}api/v2/refresh-tokens?${toQuery(query)}`
            const res = await current(() => fetch(url, { headers: { authorization: `Bearer ${token}` } }))
            return ((await res.json()) as { refresh_tokens: { id: string }[] }).refresh_tokens.map(({ id }) => id)
          }),
        )
        expect(answers).toEqual([[familyId], [familyId]])
      }
    } finally {
      await worker.close()
    }
  })

  it('neither skips nor repeats a token while others come, go and rotate', async () => {
    const mine = await scene.client({ refresh_token: { ...ROTATING, leeway: 30 } })
    const people = await Promise.all(Array.from({ length: 4 }, () => scene.user()))
    const stay: string[] = []
    for (let n = 0; n < 40; n++) stay.push((await issue(people[n % 4]!, { client: mine })).familyId)
    let writing = true
    const writers = people.map(async (userId) => {
      while (writing) {
        const { familyId, refreshToken } = await issue(userId, { client: mine })
        expect((await scene.refresh(mine, refreshToken)).status).toBe(200)
        await service.commands.execute(new RevokeRefreshToken(familyId, 'api'))
      }
    })
    for (const query of [
      { client_id: mine.client_id, take: 9 },
      { audience: AUDIENCE, client_id: mine.client_id, take: 9 },
      { initial_user_agent: 'Listed/1', client_id: mine.client_id, take: 9 },
    ]) {
      const ids = await collect(query)
      expect(new Set(ids).size).toBe(ids.length)
      expect(stay.filter((id) => !ids.includes(id))).toEqual([])
    }
    writing = false
    await Promise.all(writers)
  })

  it('pages in the order of issue, and by id where a user is named', async () => {
    const mine = await scene.client({ refresh_token: ROTATING })
    const userId = await scene.user()
    const made: string[] = []
    for (let n = 0; n < 5; n++) made.push((await issue(userId, { client: mine })).familyId)
    // In the order of their issue, which two of one millisecond share.
    expect((await collect({ client_id: mine.client_id, take: 2 })).sort()).toEqual([...made].sort())
    expect(await collect({ client_id: mine.client_id, user_id: userId, take: 2 })).toEqual([...made].sort())
  })

  it('shows the members that were asked for', async () => {
    const { familyId } = await issue(await scene.user(), { sessionId: 'fields-1' })
    expect((await list({ session_id: 'fields-1', fields: 'id,device.initial_ip' })).body).toEqual({
      refresh_tokens: [{ id: familyId, device: { initial_ip: '203.0.113.9' } }],
    })
    const { body } = await list({ session_id: 'fields-1', fields: 'device,id', include_fields: 'false' })
    expect(body.refresh_tokens[0]).not.toHaveProperty('device')
    expect(body.refresh_tokens[0]).toHaveProperty('client_id')
  })
})

describe('what tells of a device', () => {
  it.each([refreshTokenDevicesProjection, refreshTokensProjection])('is the same after a rebuild of $name', async (projection) => {
    const userId = await scene.user()
    // Nobody else's in this file.
    const ip = `198.51.100.${projection.name.length}`
    const { refreshToken } = await issue(userId, { ip })
    expect((await scene.refresh(client, refreshToken)).status).toBe(200)
    expect(await idsOf({ initial_ip: ip })).toHaveLength(1)
    const rows = async () => (await service.pool.query(`select t::text as row from ${projection.table} t order by 1`)).rows
    const before = await rows()
    const owner = createOwnerClient(service.config.databaseUrl)
    await owner.connect()
    try {
      await rebuildProjection(owner, projection, personalValues(owner, service.app.get(RootKeys)))
    } finally {
      await owner.end()
    }
    expect(await rows()).toEqual(before)
    expect(await idsOf({ initial_ip: ip })).toHaveLength(1)
  })

  it('stands nowhere in clear, and is found no more once the person is erased', async () => {
    const userId = await scene.user()
    await issue(userId, { ip: '198.51.100.201', userAgent: 'Erasable/1' })
    expect(await idsOf({ initial_ip: '198.51.100.201' })).toHaveLength(1)
    const hashes = async () => (await service.pool.query('select count(*) from refresh_token_devices where initial_ip is not null')).rows[0].count as number
    const before = await hashes()
    const { rows } = await service.pool.query(`select 1 from refresh_token_devices d where d::text like '%198.51.100.201%' or d::text like '%Erasable%'`)
    expect(rows).toEqual([])
    expect((await service.api('DELETE', `users/${encodeURIComponent(userId)}`)).status).toBe(204)
    expect(await idsOf({ initial_ip: '198.51.100.201' })).toEqual([])
    expect(await hashes()).toBeLessThan(before)
  })
})

/** What is issued after it is not of the same time as what was issued before. */
async function nextMillisecond(): Promise<void> {
  for (const now = Date.now(); Date.now() === now;) await new Promise((resolve) => setImmediate(resolve))
}
