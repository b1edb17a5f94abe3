import type pg from 'pg'
import { verifyDatabase } from '../../../src/cli/verify.js'
import { createOwnerClient, createPool } from '../../../src/database/pool.js'
import type { Projection } from '../../../src/event-store/projection.js'
import { ProjectionRunner } from '../../../src/event-store/projection-runner.js'
import { rebuildProjection } from '../../../src/event-store/rebuild-projection.js'
import { Sealer } from '../../../src/event-store/sealer.js'
import { LogKey } from '../../../src/keys/log-key.js'
import { personalValues } from '../../../src/keys/personal-values.js'
import { RootKeys } from '../../../src/keys/root-key.js'
import { projections } from '../../../src/projections.js'
import { type Meters, ownCpu, read, spent } from '../load.js'
import { longLog } from '../long-log.js'
import type { Bench, Figures, Group, Ratio, Results, Row } from '../row.js'
import { configOf } from '../service.js'

const rebuildOf = (projection: Projection): string => `rebuild of ${projection.name}`
const RUNNER = 'projections catching up'
const SEALER = 'sealing a backlog'
const VERIFY = 'verify'

/** design.md §5. */
const REBUILD_BUDGET = 20_000

export const logReaders: Group = {
  name: 'rebuild',
  about:
    'How fast a long log of rotations is read from its start, in events: a thousand and more lie between two of one family. One reader, nothing beside it; figures are for an event.',
  rows: [
    ...projections.map((projection) => row(rebuildOf(projection), (url) => rebuild(url, projection))),
    row(RUNNER, catchUp),
    row(SEALER, seal),
    row(VERIFY, verifyLog),
  ],
  ratios: (results) => projections.map((projection) => rebuildBudget(rebuildOf(projection), results)),
}

/** `work` answers how many events it read. */
function row(name: string, work: (url: string) => Promise<number>): Row {
  const measure = async (bench: Bench): Promise<Figures> => bench.cluster.onCopy(await longLog(bench), (url) => once(bench, () => work(url)))
  return { name, callers: 1, background: false, measure }
}

async function once({ cluster }: Bench, work: () => Promise<number>): Promise<Figures> {
  const meters: Meters = { service: ownCpu, database: cluster.cpu }
  const before = await read(meters)
  const began = performance.now()
  const events = await work()
  const seconds = (performance.now() - began) / 1000
  return { perSecond: events / seconds, ...spent(before, await read(meters), events) }
}

function rebuild(url: string, projection: Projection): Promise<number> {
  return withOwner(url, (db) =>
    withOwner(url, async (reader) => {
      const { events, failed } = await rebuildProjection(db, projection, personalValues(db, rootKeysOf(url)), reader)
      if (failed > 0) throw new Error(`${projection.name} could not handle ${failed} events`)
      return events
    }),
  )
}

function catchUp(url: string): Promise<number> {
  return withPool(url, async (pool) => {
    const failed = ({ error }: { error: unknown }): never => {
      throw error
    }
    const runner = new ProjectionRunner(pool, projections, failed, personalValues(pool, rootKeysOf(url)))
    while (await runner.advance());
    const { rows } = await pool.query<{ position: number }>('select min(position) as position from checkpoints where name = any($1)', [
      projections.map(({ name }) => name),
    ])
    return rows[0]!.position
  })
}

async function seal(url: string): Promise<number> {
  await withOwner(url, async (db) => {
    await db.query(`set session_replication_role = replica`)
    await db.query('delete from seals')
  })
  return withPool(url, async (pool) => {
    const sealer = new Sealer(pool, await LogKey.load(pool, rootKeysOf(url)))
    let events = 0
    for (let sealed = await sealer.seal(); sealed > 0; sealed = await sealer.seal()) events += sealed
    return events
  })
}

async function verifyLog(url: string): Promise<number> {
  const verification = await verifyDatabase(url, rootKeysOf(url), configOf(url).issuer)
  if (!verification.ok) throw new Error(`the log is not intact: ${verification.finding.reason}`)
  return verification.log.events
}

const rootKeysOf = (url: string): RootKeys => new RootKeys(configOf(url).encryptionKeys)

async function withOwner<T>(url: string, work: (db: pg.Client) => Promise<T>): Promise<T> {
  const db = createOwnerClient(url)
  await db.connect()
  try {
    return await work(db)
  } finally {
    await db.end()
  }
}

async function withPool<T>(url: string, work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const pool = createPool(url, 2)
  try {
    return await work(pool)
  } finally {
    await pool.end()
  }
}

function rebuildBudget(name: string, results: Results): Ratio {
  const perSecond = results(name, 1)?.perSecond
  const what = `${name}, events/s`
  return perSecond ? { what, value: perSecond.toFixed(0), goal: `≥ ${REBUILD_BUDGET}`, met: perSecond >= REBUILD_BUDGET } : { what, value: 'not measured' }
}
