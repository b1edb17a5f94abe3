import { jest } from '@jest/globals'
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
import { type ScaleScene, setUpScene } from '../bench/scale/scene.js'
import { seed } from '../bench/scale/seed.js'
import { newestTokens } from '../bench/scale/tokens.js'
import { startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { anotherWorker } from '../support/oauth.js'

jest.setTimeout(120_000)

/** The smallest size of `npm run bench:scale`. */
const FAMILIES = 10_000
const PEOPLE = FAMILIES / FAMILIES_PER_PERSON

let app: TestApp
let scene: ScaleScene
let owner: pg.Client
let rootKeys: RootKeys

beforeAll(async () => {
  app = await startApp()
  const { databaseUrl, encryptionKeys } = app.config
  rootKeys = new RootKeys(encryptionKeys)
  owner = createOwnerClient(databaseUrl)
  await owner.connect()
  scene = await setUpScene(app.url, await app.managementToken())
  // Every reader of the log has taken its first step.
  await eventually(async () => (await owner.query(`select from checkpoints having min(position) > 0 and count(*) > $1`, [projections.length])).rowCount)
  await app.close()
  await seed({ databaseUrl, encryptionKeys: encryptionKeys.map((key) => key.toString('base64')), scene }, { families: FAMILIES, threads: 0 })
})
afterAll(() => owner.end())

it('writes a log that verifies', async () => {
  const verified = await verifyDatabase(app.config.databaseUrl, rootKeys, app.config.issuer)
  expect(verified).toMatchObject({ ok: true, log: { unsealed: 0 } })
  const { rows } = await owner.query<{ type: string; count: number }>(`select type, count(*) from events where type like '%e_ted' group by type order by type`)
  console.log(rows)
})

it('writes states that follow from their events', async () => {
  const different: string[] = []
  const totals = await foldDatabase(app.config.databaseUrl, deciders, ({ streamId, reason }) => different.push(`${streamId}: ${reason}`))
  expect(different).toEqual([])
  expect(totals.stale).toBe(0)
  expect(totals.streams).toBeGreaterThan(FAMILIES + PEOPLE)
})

it('writes read models as the projections would', async () => {
  const contents = async (): Promise<unknown[]> =>
    Promise.all(
      projections.map(async ({ table }) => {
        const { rows } = await owner.query<{ rows: number; content: string }>(
          `select count(*) as rows, md5(coalesce(string_agg(t::text, E'\\n' order by t::text collate "C"), '')) as content from ${table} as t`,
        )
        return { table, ...rows[0] }
      }),
    )
  const seeded = await contents()
  const rebuilder = createOwnerClient(app.config.databaseUrl)
  await rebuilder.connect()
  for (const projection of projections) await rebuildProjection(rebuilder, projection, personalValues(rebuilder, rootKeys))
  await rebuilder.end()
  expect(seeded).toContainEqual(expect.objectContaining({ table: 'refresh_tokens', rows: FAMILIES }))
  expect(await contents()).toEqual(seeded)
})

it('makes families that are listed and exchanged like any others', async () => {
  const worker = await anotherWorker(app)
  const userId = userIdOf(PEOPLE - 1)
  const listed = await fetch(`${worker.scene.service.url}api/v2/users/${encodeURIComponent(userId)}/refresh-tokens?include_totals=true`, {
    headers: { authorization: `Bearer ${await app.managementToken()}` },
  })
  expect(listed.headers.get('evergrant-read-model')).toBeNull()
  console.log(JSON.stringify(await listed.json()).slice(0, 1200))
  const [seeded] = await newestTokens(owner, rootKeys, [userId], 1)
  const answer = await worker.scene.form('oauth/token', {
    grant_type: 'refresh_token',
    client_id: scene.clientId,
    client_secret: scene.clientSecret,
    refresh_token: seeded!.token,
  })
  expect(answer).toMatchObject({ status: 200 })
  await worker.close()
})
