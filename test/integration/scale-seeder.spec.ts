import type pg from 'pg'
import { foldDatabase } from '../../src/cli/fold.js'
import { verifyDatabase } from '../../src/cli/verify.js'
import { createOwnerClient } from '../../src/database/pool.js'
import { deciders } from '../../src/deciders.js'
import { rebuildProjection } from '../../src/event-store/rebuild-projection.js'
import { personalValues } from '../../src/keys/personal-values.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { projections } from '../../src/projections.js'
import { FAMILIES_PER_PERSON, userIdOf } from '../bench/scale/plan.js'
import { readersAreDone } from '../bench/scale/readers.js'
import { type ScaleScene, setUpScene } from '../bench/scale/scene.js'
import { seed } from '../bench/scale/seed.js'
import { newestTokens } from '../bench/scale/tokens.js'
import { startApp, type TestApp } from '../support/app.js'
import { current, eventually } from '../support/eventually.js'
import { anotherWorker } from '../support/oauth.js'

/** A fifth of the smallest size of `npm run bench:scale`, in as many chunks as that: nine that have left the tenant's log, and one that stands in it. */
const FAMILIES = 2_000
const PEOPLE = FAMILIES / FAMILIES_PER_PERSON
const PEOPLE_PER_CHUNK = PEOPLE / 10

let app: TestApp
let scene: ScaleScene
let owner: pg.Client
let rootKeys: RootKeys
let token: string

beforeAll(async () => {
  app = await startApp()
  const { databaseUrl, encryptionKeys } = app.config
  rootKeys = new RootKeys(encryptionKeys)
  owner = createOwnerClient(databaseUrl)
  await owner.connect()
  token = await app.managementToken()
  scene = await setUpScene(app.url, token)
  await eventually(() => readersAreDone(owner))
  await app.close()
  await seed(
    { databaseUrl, encryptionKeys: encryptionKeys.map((key) => key.toString('base64')), scene },
    { families: FAMILIES, threads: 0, peoplePerChunk: PEOPLE_PER_CHUNK },
  )
})
afterAll(() => owner.end())

it('writes a log that verifies', async () => {
  const verified = await verifyDatabase(app.config.databaseUrl, rootKeys, app.config.issuer)
  expect(verified).toMatchObject({ ok: true, log: { unsealed: 0 } })
  const { rows } = await owner.query(`
    select type, count(*) from events where stream_id like 'refresh_token_family-%' or (type = 'UserCreated' and metadata->>'actor' = 'seeder')
    group by type order by type`)
  expect(rows).toEqual([
    { type: 'FamilyStarted', count: FAMILIES },
    { type: 'RefreshTokenRotated', count: FAMILIES },
    { type: 'UserCreated', count: PEOPLE },
  ])
})

it('writes states that follow from their events', async () => {
  const different: unknown[] = []
  const totals = await foldDatabase(app.config.databaseUrl, deciders, (difference) => different.push(difference))
  expect(different).toEqual([])
  expect(totals.stale).toBe(0)
  expect(totals.streams).toBeGreaterThan(FAMILIES + PEOPLE)
})

it('writes read models as the projections would', async () => {
  // Of the tenant's log only the newest part.
  await owner.query('create table seeded_log as select log_id from tenant_logs')
  const seeded = await contents()
  const rebuilder = createOwnerClient(app.config.databaseUrl)
  await rebuilder.connect()
  try {
    for (const projection of projections) await rebuildProjection(rebuilder, projection, personalValues(rebuilder, rootKeys))
  } finally {
    await rebuilder.end()
  }
  expect(seeded).toContainEqual(expect.objectContaining({ table: 'refresh_tokens', rows: FAMILIES }))
  expect(seeded).toContainEqual(expect.objectContaining({ table: 'refresh_token_devices', rows: FAMILIES }))
  expect(await contents()).toEqual(seeded)
})

/** Of every read model how many rows it has, and their hash. */
async function contents(): Promise<unknown[]> {
  const found: unknown[] = []
  for (const { table } of projections) {
    const own = table === 'tenant_logs' ? ' where log_id in (select log_id from seeded_log)' : ''
    const { rows } = await owner.query<{ rows: number; content: string }>(
      `select count(*) as rows, md5(coalesce(string_agg(t::text, E'\\n' order by t::text collate "C"), '')) as content from ${table} as t${own}`,
    )
    found.push({ table, ...rows[0] })
  }
  return found
}

it('makes families that are listed and exchanged like any others', async () => {
  const worker = await anotherWorker(app)
  try {
    const userId = userIdOf(PEOPLE - 1)
    const bearer = { authorization: `Bearer ${token}` }
    const listed = await current(() => worker.scene.send('GET', `api/v2/users/${encodeURIComponent(userId)}/refresh-tokens`, undefined, bearer))
    expect(listed).toMatchObject({ status: 200, body: { tokens: expect.any(Array) } })
    const { tokens } = listed.body as unknown as { tokens: { id: string; rotating: boolean; device: { last_ip: string } }[] }
    const [seeded] = await newestTokens(owner, rootKeys, [userId], 1)
    expect(tokens).toHaveLength(FAMILIES_PER_PERSON)
    expect(tokens[0]).toMatchObject({ id: seeded!.familyId, rotating: true, device: { last_ip: expect.stringMatching(/^10\./) } })

    const { clientId: client_id, clientSecret: client_secret } = scene
    const exchanged = await worker.scene.form('oauth/token', { grant_type: 'refresh_token', client_id, client_secret, refresh_token: seeded!.token })
    expect(exchanged).toMatchObject({ status: 200, body: { token_type: 'Bearer', scope: scene.scope.join(' ') } })
  } finally {
    await worker.close()
  }
})

it('goes on with a family whose state is stored as it was before', async () => {
  const worker = await anotherWorker(app)
  const folded = async (): Promise<unknown> => {
    const different: unknown[] = []
    const { stale } = await foldDatabase(app.config.databaseUrl, deciders, (difference) => different.push(difference))
    return { stale, different }
  }
  try {
    const [old] = await newestTokens(owner, rootKeys, [userIdOf(0)], 1)
    await owner.query(
      `update streams set state_version = 2, state = state || '{"predecessor": null, "resources": []}' where id = 'refresh_token_family-' || $1`,
      [old!.familyId],
    )
    expect(await folded()).toEqual({ stale: 1, different: [] })
    const bearer = { authorization: `Bearer ${token}` }
    const record = await worker.scene.send('GET', `api/v2/refresh-tokens/${old!.familyId}`, undefined, bearer)
    expect(record).toMatchObject({
      status: 200,
      body: { device: { last_ip: expect.stringMatching(/^10\./) }, resource_servers: [{ audience: scene.audience }] },
    })
    const { clientId: client_id, clientSecret: client_secret } = scene
    const exchanged = await worker.scene.form('oauth/token', { grant_type: 'refresh_token', client_id, client_secret, refresh_token: old!.token })
    expect(exchanged.status).toBe(200)
    expect(await folded()).toEqual({ stale: 0, different: [] })
  } finally {
    await worker.close()
  }
})
