import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { startEmbeddedPostgres } from '../../../src/database/embedded-postgres.js'
import { createOwnerClient, createPool } from '../../../src/database/pool.js'
import { EventStore } from '../../../src/event-store/event-store.js'
import { PersonKeys } from '../../../src/keys/person-keys.js'
import { RootKeys } from '../../../src/keys/root-key.js'
import { Instance, MANAGEMENT } from '../http/instance.js'
import { elapse } from '../clock.js'
import { configOf } from '../service.js'
import { type ListFigures, type ListPace, measureList, COUNTED_MS } from './measure.js'
import { LIST_VALUES, listQuestions, type ListValues, valuesOf } from './questions.js'
import { type Call, setUpLists } from './scene.js'
import { type ListSizes, seedLists } from './seed.js'

/** One database's part of the report. */
export interface MeasuredLists {
  readonly sizes: ListSizes
  readonly figures: ReadonlyMap<string, ListFigures>
  /** Bytes by table with its partitions: rows, heap, indexes. */
  readonly tables: readonly { readonly table: string; readonly rows: number; readonly heap: number; readonly indexes: number }[]
}

/** Filling needs no durability: whoever interrupts the bench begins anew. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: 0,
  max_wal_size: '4GB',
  autovacuum: 'off',
  shared_buffers: '2GB',
  maintenance_work_mem: '512MB',
}

/** Fills a database of its own below `folder`, and asks every list on it. Its server ends with it. */
export async function measureDatabase(folder: string, sizes: ListSizes, pace: ListPace, tell: (line: string) => void): Promise<MeasuredLists> {
  await mkdir(folder, { recursive: true })
  const server = await startEmbeddedPostgres({ dir: path.join(folder, 'postgres'), settings: SETTINGS })
  const url = server.url('postgres')
  const db = createOwnerClient(url)
  const pool = createPool(url, 2)
  let instance: Instance | undefined
  try {
    instance = await Instance.start(url, folder)
    await db.connect()
    const { encryptionKeys, issuer } = configOf(url)
    const base = `http://localhost:${instance.port}/`
    const token = await managementToken(base, issuer)
    const call: Call = async (method, at, body) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const res = await fetch(`${base}api/v2/${at}`, { method, headers, ...(body && { body: JSON.stringify(body) }) })
      return res.json()
    }
    const scene = await setUpLists(call, db, new PersonKeys(pool, new EventStore(pool), new RootKeys(encryptionKeys)))
    await seedLists(db, scene, sizes, (line) => tell(`${sizes.tokens} refresh tokens, ${sizes.logs} rows of the log: ${line}`))
    await db.query('checkpoint')
    // What seeding read is no list's.
    await elapse(COUNTED_MS)
    const { rows } = await db.query<ListValues>(LIST_VALUES, [valuesOf(sizes)])
    const figures = new Map<string, ListFigures>()
    for (const question of listQuestions(rows[0]!, scene.clientId)) {
      figures.set(question.name, await measureList(db, base, token, question, pace))
      tell(`${question.name}: ${figures.get(question.name)!.p50.toFixed(1)} ms`)
    }
    const { rows: tables } = await db.query<MeasuredLists['tables'][number]>(TABLES)
    return { sizes, figures, tables }
  } finally {
    await instance?.stop()
    await db.end()
    await pool.end()
    await server.stop()
  }
}

async function managementToken(base: string, issuer: string): Promise<string> {
  const body = { grant_type: 'client_credentials', client_id: MANAGEMENT.id, client_secret: MANAGEMENT.secret, audience: `${issuer}api/v2/` }
  const res = await fetch(`${base}oauth/token`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return ((await res.json()) as { access_token: string }).access_token
}

const TABLES = `
  select regexp_replace(relname, '_\\d{8}_\\d{8}', '') as table, sum(greatest(reltuples, 0))::bigint as rows, sum(pg_table_size(oid))::bigint as heap,
    sum(pg_indexes_size(oid))::bigint as indexes
  from pg_class where relkind = 'r' and relname ~ '^(tenant_logs|refresh_tokens|refresh_token_devices|sessions|consents|device_keys|users)(_\\d{8}_\\d{8})?$'
  group by 1 order by 1`
