import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type pg from 'pg'
import { createOwnerClient, createPool } from '../../../src/database/pool.js'
import { ProjectionRunner } from '../../../src/event-store/projection-runner.js'
import { Sealer } from '../../../src/event-store/sealer.js'
import { LogKey } from '../../../src/keys/log-key.js'
import { personalValues } from '../../../src/keys/personal-values.js'
import { RootKeys } from '../../../src/keys/root-key.js'
import { projections } from '../../../src/projections.js'
import { withoutIndexes } from './indexes.js'
import { type Chunk, FAMILIES_PER_PERSON, planChunks } from './plan.js'
import { type Assignment, ensurePartitions, writeChunks } from './write-chunks.js'

export interface SeedOptions {
  readonly families: number
  /** 0: in this thread. */
  readonly threads: number
  /** Fewer than usual where there are few families, so that they too are written in several goes. */
  readonly peoplePerChunk?: number
  /** Hears how many families are written. */
  readonly tell?: (families: number) => void
}

/**
 * Fills a database, which nothing else uses meanwhile, with families of rotating tokens that have been rotated once, and their people: valid
 * streams, folded states, seals and read models, as if the service had made them, but by COPY. The service must have run on
 * it once, so that its readers of the log are known: all stand at its end afterwards. Errors: the database's; where the service runs; for a read model that had failed to read what was there before.
 */
export async function seed(assignment: Assignment, { families, threads, peoplePerChunk, tell = () => undefined }: SeedOptions): Promise<void> {
  const db = createOwnerClient(assignment.databaseUrl)
  await db.connect()
  try {
    await refuseCompany(db)
    await settle(assignment, true)
    const chunks = await planChunks(db, families, new Date(), peoplePerChunk)
    await ensurePartitions(db, chunks)
    const write = (part: readonly Chunk[]): Promise<void> => writeAll(assignment, part, threads, tell)
    await withoutIndexes(db, () => write(chunks.filter(({ logged }) => !logged)))
    await write(chunks.filter(({ logged }) => logged))
    // Without statistics the sealer's question would read and sort all events, for each seal.
    await db.query('analyze events')
    await settle(assignment, false)
    await db.query(`
      update checkpoints c set position = s.last_position, epoch = s.epoch, xid = s.xid, sequence = s.sequence
      from (select last_position, epoch, xid, sequence from seals order by number desc limit 1) as s`)
    await db.query('analyze')
  } finally {
    await db.end()
  }
}

/** A sealer at work would seal what lies behind a chunk that is not written yet, and pass over that chunk for ever. */
async function refuseCompany(db: pg.Client): Promise<void> {
  const { rowCount } = await db.query('select from leases where expires_at > clock_timestamp()')
  if (rowCount !== 0) throw new Error('the service is running on this database: stop it first')
}

async function writeAll(assignment: Assignment, chunks: readonly Chunk[], threads: number, tell: (families: number) => void): Promise<void> {
  let given = 0
  const next = (): Chunk | undefined => {
    const chunk = chunks[given++]
    if (chunk) tell(chunk.firstPerson * FAMILIES_PER_PERSON)
    return chunk
  }
  if (threads === 0) await writeChunks(assignment, next)
  else await Promise.all(Array.from({ length: threads }, () => runThread(assignment, next)))
}

async function runThread(assignment: Assignment, next: () => Chunk | undefined): Promise<void> {
  const thread = new Worker(new URL('seed-thread.js', import.meta.url), { workerData: assignment })
  thread.on('message', () => thread.postMessage(next() ?? null))
  const [code] = (await once(thread, 'exit')) as [number]
  if (code !== 0) throw new Error(`a thread of the seeder ended with ${code}`)
}

/** Seals all that is committed; with `readModels` the projections read it. */
async function settle({ databaseUrl, encryptionKeys }: Assignment, readModels: boolean): Promise<void> {
  const pool = createPool(databaseUrl, 4)
  const rootKeys = new RootKeys(encryptionKeys.map((key) => Buffer.from(key, 'base64')))
  try {
    const sealer = new Sealer(pool, await LogKey.load(pool, rootKeys))
    while (!(await isSealed(pool))) await sealer.seal()
    if (!readModels) return
    const failed = ({ projection, error }: { projection: string; error: unknown }): never => {
      throw new Error(`${projection} could not read what was there before`, { cause: error })
    }
    const runner = new ProjectionRunner(pool, projections, failed, personalValues(pool, rootKeys))
    while (await runner.advance());
  } finally {
    await pool.end()
  }
}

const isSealed = async (pool: pg.Pool): Promise<boolean> => (await pool.query<{ sealed: boolean }>(IS_SEALED)).rows[0]!.sealed

const IS_SEALED = `
  select (select (epoch, xid, sequence) from events order by epoch desc, xid desc, sequence desc limit 1)
    is not distinct from (select (epoch, xid, sequence) from seals order by number desc limit 1) as sealed`
