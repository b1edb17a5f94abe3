import type pg from 'pg'
import { createOwnerClient } from '../../../src/database/pool.js'
import { LookupKey } from '../../../src/keys/lookup-key.js'
import { RootKeys } from '../../../src/keys/root-key.js'
import { projections } from '../../../src/projections.js'
import { type Columns, columnsOf, copyRows } from './copy.js'
import { makeChunk } from './make-chunk.js'
import type { Chunk, Scene } from './plan.js'

/** What a thread is told. */
export interface Assignment {
  readonly databaseUrl: string
  /** As in ENCRYPTION_KEY. */
  readonly encryptionKeys: readonly string[]
  readonly scene: Scene
}

const TABLES = ['person_keys', 'users', ...projections.map(({ table }) => table), 'streams', 'events']

/** Makes and writes chunks, each in a transaction of its own. `done` hears of each that is committed. Errors: the database's. */
export async function writeChunks(
  { databaseUrl, encryptionKeys, scene }: Assignment,
  next: () => Promise<Chunk | undefined> | Chunk | undefined,
): Promise<void> {
  const rootKeys = new RootKeys(encryptionKeys.map((key) => Buffer.from(key, 'base64')))
  const db = createOwnerClient(databaseUrl)
  await db.connect()
  try {
    const columns = new Map<string, Columns>()
    for (const table of TABLES) columns.set(table, await columnsOf(db, table))
    const tools = { db, rootKeys, lookupKey: new LookupKey(db, rootKeys), columns }
    for (let chunk = await next(); chunk; chunk = await next()) {
      const rows = await makeChunk(tools, scene, chunk)
      await db.query('begin')
      for (const [table, list] of rows) await copyRows(db, columns.get(table)!, list)
      await db.query('commit')
    }
  } finally {
    await db.end()
  }
}

/** Partitions for the months that the chunks' events lie in. */
export async function ensurePartitions(db: pg.Client, chunks: readonly Chunk[]): Promise<void> {
  const months = new Set(chunks.flatMap(({ from, until }) => [from, until]).map((time) => `${new Date(time).toISOString().slice(0, 7)}-01`))
  for (const month of months) await db.query('select create_event_partition($1)', [month])
}
