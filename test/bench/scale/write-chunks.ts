import type pg from 'pg'
import { createOwnerClient } from '../../../src/database/pool.js'
import { LookupKey } from '../../../src/keys/lookup-key.js'
import { RootKeys } from '../../../src/keys/root-key.js'
import { projections } from '../../../src/projections.js'
import { type Columns, columnsOf, copyLines, type Lines, linesOf } from './copy.js'
import { FamilyTemplate } from './family-template.js'
import { makeByCommands, type Tools } from './make-chunk.js'
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
    let template: FamilyTemplate | undefined
    for (let chunk = await next(); chunk; chunk = await next()) {
      template ??= await FamilyTemplate.make(tools, scene, chunk.epoch)
      const all = await makeChunk(tools, scene, chunk, template)
      await db.query('begin')
      for (const lines of all) await copyLines(db, lines)
      await db.query('commit')
    }
  } finally {
    await db.end()
  }
}

/** What still stands in the tenant's log is made by commands and projections, the rest after their example. */
async function makeChunk(tools: Tools, scene: Scene, chunk: Chunk, template: FamilyTemplate): Promise<Lines[]> {
  const { rows, people } = await makeByCommands(tools, scene, chunk, chunk.logged ? chunk.families : 0)
  const made = [...rows].map(([table, list]) => linesOf(tools.columns.get(table)!, list))
  return chunk.logged ? made : [...made, ...(await template.linesOf(chunk, people))]
}

/** Partitions for the months that the chunks' events lie in. */
export async function ensurePartitions(db: pg.Client, chunks: readonly Chunk[]): Promise<void> {
  const months = new Set(chunks.flatMap(({ from, until }) => [from, until]).map((time) => `${new Date(time).toISOString().slice(0, 7)}-01`))
  for (const month of months) await db.query('select create_event_partition($1)', [month])
}
