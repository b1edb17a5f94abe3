import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type pg from 'pg'
import { verifyDatabase } from '../../src/cli/verify.js'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { migrate } from '../../src/database/migrate.js'
import { createOwnerClient, createPool } from '../../src/database/pool.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { readBatch, START } from '../../src/event-store/log-reader.js'
import { Sealer } from '../../src/event-store/sealer.js'
import { LogKey } from '../../src/keys/log-key.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { add, counter } from '../support/counter.js'

const rootKeys = new RootKeys([Buffer.alloc(32, 3)])
let dir: string
const servers: EmbeddedPostgres[] = []
const pools: pg.Pool[] = []

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'evergrant-restore-'))
})
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()))
  await Promise.all(servers.map((server) => server.stop()))
  await rm(dir, { recursive: true, force: true })
})

async function newCluster(name: string): Promise<{ url: string; pool: pg.Pool; store: EventStore }> {
  const server = await startEmbeddedPostgres({ dir: path.join(dir, name), settings: { fsync: 'off' } })
  servers.push(server)
  const url = server.url('postgres')
  await migrate(url)
  const pool = createPool(url, 4)
  pools.push(pool)
  return { url, pool, store: new EventStore(pool) }
}

/** What restoring a dump of the data does: every row of every table, with all its values, and the sequence. */
async function restore(fromUrl: string, toUrl: string): Promise<void> {
  const [from, to] = [createOwnerClient(fromUrl), createOwnerClient(toUrl)]
  await Promise.all([from.connect(), to.connect()])
  const { rows: tables } = await from.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relname <> 'migrations'`,
  )
  await to.query('set session_replication_role = replica')
  for (const { name } of tables) {
    await to.query(`delete from ${name}`)
    const { rows } = await from.query<{ row: string }>(`select row_to_json(t)::text as row from ${name} t`)
    for (const { row } of rows) await to.query(`insert into ${name} select * from json_populate_record(null::${name}, $1::json)`, [row])
  }
  const { rows } = await from.query<{ last: number }>('select last_value as last from event_sequence')
  await to.query(`select setval('event_sequence', $1)`, [rows[0]!.last])
  await Promise.all([from.end(), to.end()])
}

async function sealed(pool: pg.Pool): Promise<string[]> {
  const sealer = new Sealer(pool, await LogKey.load(pool, rootKeys))
  while ((await sealer.seal()) > 0);
  const { events } = await readBatch(pool, START, 10_000)
  return events.map(({ streamId, version }) => `${streamId.replace('counter-', '')}/${version}`)
}

it('a log restored into a fresh cluster, whose transaction ids start anew, goes on in order and verifies', async () => {
  const old = await newCluster('old')
  for (let n = 0; n < 3000; n++) await old.pool.query('select pg_current_xact_id()')
  await old.store.transact(counter, 'a', add('x'))
  await old.store.transact(counter, 'b', add('x'))
  expect(await sealed(old.pool)).toEqual(['a/1', 'b/1'])
  await old.store.transact(counter, 'unsealed', add('x'))

  const fresh = await newCluster('fresh')
  await restore(old.url, fresh.url)
  await migrate(fresh.url)
  await fresh.store.transact(counter, 'a', add('y'))
  await fresh.store.transact(counter, 'unsealed', add('y'))
  const { rows } = await fresh.pool.query<{ epoch: number; xid: string }>(`select epoch, xid from events where stream_id = 'counter-unsealed' order by version`)
  expect(rows.map(({ epoch }) => epoch)).toEqual([1, 2])
  expect(Number(rows[1]!.xid)).toBeLessThan(Number(rows[0]!.xid))
  expect(await sealed(fresh.pool)).toEqual(['a/1', 'b/1', 'unsealed/1', 'a/2', 'unsealed/2'])
  expect(await verifyDatabase(fresh.url, rootKeys, 'http://localhost/')).toMatchObject({ ok: true })
})
