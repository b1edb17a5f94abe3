import { CommandBus } from '@nestjs/cqrs'
import { ChangeClient, type ClientDocument } from '../../src/authorization/index.js'
import { createOwnerClient } from '../../src/database/pool.js'
import { IssueRefreshToken, type IssuedRefreshToken, WorkOffRevocations } from '../../src/tokens/index.js'
import { refreshTokenPolicy } from '../../src/tokens/refresh-token/policy.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { dumpTables, formsOf } from '../support/dump.js'
import { eventually } from '../support/eventually.js'
import { AUDIENCE, anotherWorker, OAuthScene, ROTATING } from '../support/oauth.js'
import { recorded } from '../support/recorded.js'

const OTHER_AUDIENCE = 'https://bills.example.com/'
const COMBINATION = 'Invalid combination of parameters.'

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

function issue(userId: string, { client: of = client, ip = '203.0.113.9', userAgent = 'Revoked/1', ...over }: Json = {}): Promise<IssuedRefreshToken> {
  const grant = { userId, clientId: of.client_id, sessionId: null, audience: AUDIENCE, scope: ['offline_access', 'read:orders'], rotating: true, ...over }
  return service.commands.execute(new IssueRefreshToken(grant, refreshTokenPolicy(of), { ip, userAgent }))
}
const revoke = (body: object) => service.api('POST', 'refresh-tokens/revoke', body)
const lives = async (token: IssuedRefreshToken): Promise<boolean> => (await service.api('GET', `refresh-tokens/${token.familyId}`)).status === 200
const living = (tokens: readonly IssuedRefreshToken[]): Promise<boolean[]> => Promise.all(tokens.map(lives))

/** Times of issue are of milliseconds. */
async function aMomentLater<T>(work: () => Promise<T>): Promise<T> {
  const clock = async (): Promise<number> => (await service.pool.query<{ now: Date }>('select clock_timestamp() as now')).rows[0]!.now.getTime()
  const before = await clock()
  await eventually(async () => (await clock()) > before)
  return work()
}

/** Two people's tokens at a client of their own: [of ada at home, of ada on the phone, of ben]. */
async function threeTokens() {
  const [ada, ben] = [await scene.user(), await scene.user()]
  const mine = await scene.client({ refresh_token: ROTATING })
  const n = mine.client_id.replace(/\D/g, '')
  const sessionId = `session-${n}`
  const [home, phone] = [
    { ip: `198.51.100.${n}`, userAgent: `Home/${n}` },
    { ip: `192.0.2.${n}`, userAgent: `Phone/${n}` },
  ]
  const tokens = [
    await issue(ada, { client: mine, sessionId, ...home }),
    await issue(ada, { client: mine, audience: OTHER_AUDIENCE, ...phone }),
    await aMomentLater(() => issue(ben, { client: mine, ...phone })),
  ] as const
  const { body: first } = await service.api('GET', `refresh-tokens/${tokens[0].familyId}`)
  const { body: last } = await service.api('GET', `refresh-tokens/${tokens[2].familyId}`)
  const { body: credentials } = await service.api('GET', `device-credentials?user_id=${encodeURIComponent(ben)}`)
  return { ada, ben, mine, sessionId, home, phone, tokens, first, last, credential: credentials[0].id as string }
}
type Scene = Awaited<ReturnType<typeof threeTokens>>

/** Every form of the request, and which of the three tokens it means. */
const FORMS: readonly (readonly [string, (of: Scene) => object, readonly boolean[]])[] = [
  ['ids', ({ tokens }) => ({ ids: [tokens[0].familyId, tokens[0].familyId, 'rt_unknown'] }), [true, false, false]],
  ['a user', ({ ada }) => ({ user_id: ada }), [true, true, false]],
  ['a user at a client', ({ ada, mine }) => ({ user_id: ada, client_id: mine.client_id }), [true, true, false]],
  ['a grant', ({ ada, mine }) => ({ user_id: ada, client_id: mine.client_id, audience: OTHER_AUDIENCE }), [false, true, false]],
  ['a client', ({ mine }) => ({ filter: { client_id: mine.client_id } }), [true, true, true]],
  ['a session', ({ sessionId }) => ({ filter: { session_id: sessionId } }), [true, false, false]],
  ['a user’s session', ({ ada, sessionId }) => ({ filter: { user_id: ada, session_id: sessionId } }), [true, false, false]],
  ['an API at a client', ({ mine }) => ({ filter: { client_id: mine.client_id, audience: AUDIENCE } }), [true, false, true]],
  ['an API of a user', ({ ada }) => ({ filter: { user_id: ada, audience: OTHER_AUDIENCE } }), [false, true, false]],
  ['a device credential', ({ credential }) => ({ filter: { device_credential_id: credential } }), [false, false, true]],
  ['an address', ({ phone }) => ({ filter: { initial_ip: phone.ip } }), [false, true, true]],
  ['a last address', ({ home, mine }) => ({ filter: { last_ip: home.ip, client_id: mine.client_id } }), [true, false, false]],
  ['a browser', ({ phone, ben }) => ({ filter: { last_user_agent: phone.userAgent, user_id: ben } }), [false, false, true]],
  [
    'a span of time',
    ({ mine, first, last }) => ({
      filter: { client_id: mine.client_id, issued_from: first.created_at, issued_to: new Date(Date.parse(last.created_at) - 1).toISOString() },
    }),
    [true, true, false],
  ],
]

describe('POST /refresh-tokens/revoke', () => {
  it.each(FORMS)('ends the refresh tokens of %s, all of them and no others, before it answers', async (_, bodyFor, meant) => {
    const of = await threeTokens()
    const body = bodyFor(of)
    const { status, body: answer } = await revoke(body)
    expect(status).toBe(202)
    if (!('filter' in body)) expect(answer).toBeUndefined()
    else expect(answer).toMatchObject({ status: 'done' })
    expect(await living(of.tokens)).toEqual(meant.map((ended) => !ended))
    const exchanges = await Promise.all(of.tokens.map(({ refreshToken }) => scene.refresh(of.mine, refreshToken)))
    expect(exchanges.map(({ status: code }) => code)).toEqual(meant.map((ended) => (ended ? 403 : 200)))
  })

  it.each([
    [{}, COMBINATION],
    [{ client_id: 'x' }, COMBINATION],
    [{ audience: 'x' }, COMBINATION],
    [{ user_id: 'x', audience: 'y' }, COMBINATION],
    [{ client_id: 'x', audience: 'y' }, COMBINATION],
    [{ ids: ['x'], user_id: 'y' }, COMBINATION],
    [{ ids: ['x'], filter: { user_id: 'y' } }, COMBINATION],
    [{ user_id: 'x', filter: { client_id: 'y' } }, COMBINATION],
    [{ filter: {} }, COMBINATION],
    [{ dry_run: true }, COMBINATION],
    [{ client_id: 'x', dry_run: true }, COMBINATION],
    [{ user_id: 'auth0|none' }, 'User not found.'],
    [{ filter: { user_id: 'auth0|none' }, dry_run: true }, 'User not found.'],
    [{ filter: { client_id: 'none' } }, 'Client not found.'],
    [{ filter: { audience: 'https://none' } }, 'Resource server not found.'],
    [{ filter: null }, `Payload validation error: 'Expected type object but found type null' on property filter.`],
    [{ filter: { x: 1 } }, `Payload validation error: 'Additional properties not allowed: x' on property filter.`],
    [{ filter: { user_id: 7 } }, `Payload validation error: 'Expected type string but found type integer' on property filter.user_id.`],
    [{ filter: { issued_from: 'now' } }, `Payload validation error: 'Object didn't pass validation for format date-time: now' on property filter.issued_from.`],
    [{ filter: { initial_ip: '' } }, `Payload validation error: 'String is too short (0 chars), minimum 1' on property filter.initial_ip.`],
    [{ filter: { session_id: 's' }, dry_run: 'yes' }, `Payload validation error: 'Expected type boolean but found type string' on property dry_run.`],
  ])('refuses %j', async (body, message) => {
    expect(await revoke(body)).toMatchObject({ status: 400, body: { statusCode: 400, error: 'Bad Request', message, errorCode: 'invalid_body' } })
  })

  it('needs its scope, to count as well', async () => {
    const authorization = `Bearer ${await service.managementToken(['read:refresh_tokens'])}`
    for (const dry_run of [true, false]) {
      const { status, body } = await service.api('POST', 'refresh-tokens/revoke', { ids: ['x'], dry_run }, { authorization })
      expect({ status, body }).toMatchObject({ status: 403, body: { message: 'Insufficient scope, expected any of: delete:refresh_tokens' } })
    }
  })

  it('spares what is issued afterwards', async () => {
    const { ada, mine, phone } = await threeTokens()
    for (const filter of [{ client_id: mine.client_id }, { client_id: mine.client_id, initial_ip: phone.ip }]) {
      expect((await revoke({ filter })).status).toBe(202)
      expect(await lives(await issue(ada, { client: mine, ...phone }))).toBe(true)
    }
  })

  it('keeps addresses and browsers out of the log, and who asked in it', async () => {
    const { mine, tokens } = await threeTokens()
    const [ip, userAgent] = ['203.0.113.166', 'Planted-Browser/9']
    const { familyId } = await issue(await scene.user(), { client: mine, ip, userAgent })
    await service.api('POST', 'refresh-tokens/revoke', { filter: { initial_ip: ip, initial_user_agent: userAgent } }, { 'x-correlation-id': 'corr-revoke' })
    expect(await lives(tokens[0])).toBe(true)
    const owner = createOwnerClient(service.config.databaseUrl)
    await owner.connect()
    const dump = await dumpTables(owner).finally(() => owner.end())
    for (const planted of [ip, userAgent]) {
      expect(dump.filter(({ row }) => formsOf(planted).some((form) => row.includes(form))).map(({ table }) => table)).toEqual([])
    }
    const { rows } = await service.pool.query<Json>(`select data, metadata from events where stream_id = $1 and type = 'FamilyRevoked'`, [
      `refresh_token_family-${familyId}`,
    ])
    expect(rows).toMatchObject([
      { data: { reason: 'api-bulk' }, metadata: { actor: 'management@clients', correlationId: 'corr-revoke', causationId: expect.any(String) } },
    ])
  })
})

describe('a dry run', () => {
  it.each(FORMS)('counts the refresh tokens of %s and changes nothing', async (_, bodyFor, meant) => {
    const of = await threeTokens()
    const owner = createOwnerClient(service.config.databaseUrl)
    await owner.connect()
    try {
      // The lease is renewed all the time; all else rests when nothing happens.
      const dump = async () =>
        (await dumpTables(owner))
          .filter(({ table }) => table !== 'leases')
          .map(({ table, row }) => `${table} ${row}`)
          .sort()
      const before = await eventually(async () => {
        const [one, two] = [await dump(), await dump()]
        return JSON.stringify(one) === JSON.stringify(two) && (await sealed()) ? two : undefined
      })
      expect(await revoke({ ...bodyFor(of), dry_run: true })).toMatchObject({ status: 200, body: { count: meant.filter(Boolean).length } })
      expect(await dump()).toEqual(before)
    } finally {
      await owner.end()
    }
    expect((await living(of.tokens)).every(Boolean)).toBe(true)
    expect((await revoke({ ...bodyFor(of), dry_run: false })).status).toBe(202)
    expect(await revoke({ ...bodyFor(of), dry_run: true })).toMatchObject({ status: 200, body: { count: 0 } })
  })

  it('counts by an id that another took the place of what revoking by it ends', async () => {
    const mine = await scene.client({ refresh_token: ROTATING })
    const { familyId, refreshToken } = await issue(await scene.user(), { client: mine })
    await service.commands.execute(new ChangeClient(mine.client_id, { refresh_token: { rotation_type: 'non-rotating', expiration_type: 'expiring' } }, {}))
    const { body } = await scene.refresh(mine, refreshToken)
    const [{ id }] = (await service.api('GET', `refresh-tokens?client_id=${mine.client_id}`)).body.refresh_tokens
    expect(id).not.toBe(familyId)
    expect(await revoke({ ids: [familyId, id], dry_run: true })).toMatchObject({ status: 200, body: { count: 1 } })
    expect((await revoke({ ids: [familyId] })).status).toBe(202)
    expect((await scene.refresh(mine, body.refresh_token)).status).toBe(403)
    expect(await revoke({ ids: [familyId, id], dry_run: true })).toMatchObject({ body: { count: 0 } })
  })

  const sealed = async (): Promise<boolean> => {
    const { rows } = await service.pool.query<{ quiet: boolean }>(`
      select (select count(*) from events) = (select max(last_position) from seals)
        and (select min(position) from checkpoints) = (select max(last_position) from seals) as quiet`)
    return rows[0]!.quiet
  }
})

describe('a revocation that is too large for its answer', () => {
  const MANY = 2150
  let mine: ClientDocument
  let tokens: IssuedRefreshToken[]
  const make = async (userAgent: string): Promise<void> => {
    mine = await scene.client({ refresh_token: ROTATING })
    const people = await Promise.all(Array.from({ length: 20 }, () => scene.user()))
    tokens = []
    for (let n = 0; n < MANY; n += 50) {
      tokens.push(...(await Promise.all(Array.from({ length: 50 }, (_, m) => issue(people[(n + m) % 20]!, { client: mine, userAgent })))))
    }
  }
  const count = async (): Promise<number> => (await revoke({ filter: { client_id: mine.client_id }, dry_run: true })).body.count

  it('goes on in the background, and its progress can be asked for', async () => {
    await make('Many/1')
    const kept = await issue(await scene.user(), { client: mine, userAgent: 'Kept/1' })
    const filter = { client_id: mine.client_id, initial_user_agent: 'Many/1' }
    expect((await revoke({ filter, dry_run: true })).body).toEqual({ count: MANY })
    const { status, body } = await revoke({ filter })
    expect({ status, body }).toMatchObject({ status: 202, body: { status: 'running', revoked: 2000, id: expect.any(String) } })
    const progress = () => service.api('GET', `refresh-tokens/revocations/${body.id}`)
    expect(await progress()).toMatchObject({ status: 200, body: { id: body.id, requested_at: expect.stringMatching(/Z$/) } })
    const done = await eventually(async () => ((await progress()).body.status === 'done' ? (await progress()).body : undefined), 60_000)
    expect(done).toMatchObject({ revoked: MANY, finished_at: expect.stringMatching(/Z$/) })
    expect(await count()).toBe(1)
    expect(await lives(kept)).toBe(true)
    expect((await scene.refresh(mine, tokens.at(-1)!.refreshToken)).status).toBe(403)
    expect((await service.pool.query('select from open_refresh_token_revocations')).rows).toEqual([])
    const [asked] = (await recorded(service, 'RefreshTokenRevocationRequested')).slice(-1)
    expect(JSON.stringify(asked)).not.toContain('Many/1')
    expect(await service.api('GET', 'refresh-tokens/revocations/none')).toMatchObject({ status: 404, body: { message: 'The revocation does not exist.' } })
  })

  it('may be worked off by several workers at once without harm', async () => {
    await make('Many/2')
    const { body } = await revoke({ filter: { client_id: mine.client_id, initial_user_agent: 'Many/2' } })
    expect(body.status).toBe('running')
    const worker = await anotherWorker(service)
    try {
      const workers = [service.commands, worker.scene.service.app.get(CommandBus)]
      await Promise.all(workers.map((commands) => commands.execute(new WorkOffRevocations())))
      await eventually(async () => (await service.api('GET', `refresh-tokens/revocations/${body.id}`)).body.status === 'done', 60_000)
    } finally {
      await worker.close()
    }
    expect(await count()).toBe(0)
  })
})

describe('with MGMT_REVOKE_BY_CLIENT_ALONE', () => {
  it('a client alone is enough', async () => {
    const lenient = await startApp({ MGMT_REVOKE_BY_CLIENT_ALONE: 'true' })
    try {
      const own = new OAuthScene(lenient)
      await own.api()
      const app = await own.client({ refresh_token: ROTATING })
      const { familyId } = await own.refreshToken(app, await own.user())
      expect(await lenient.api('POST', 'refresh-tokens/revoke', { client_id: app.client_id, audience: AUDIENCE })).toMatchObject({
        status: 400,
        body: { message: COMBINATION },
      })
      expect(await lenient.api('POST', 'refresh-tokens/revoke', { client_id: app.client_id, dry_run: true })).toMatchObject({ status: 200, body: { count: 1 } })
      expect((await lenient.api('POST', 'refresh-tokens/revoke', { client_id: app.client_id })).status).toBe(202)
      expect((await lenient.api('GET', `refresh-tokens/${familyId}`)).status).toBe(404)
    } finally {
      await lenient.close()
    }
  })
})
