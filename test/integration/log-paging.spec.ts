import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { audit } from '../../src/audit/audit.events.js'
import { createPool } from '../../src/database/pool.js'
import type { Decider } from '../../src/event-store/event.js'
import type { AuditEvent } from '../../src/audit/audit.events.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { current } from '../support/eventually.js'

const WRITERS = 64
const EACH = 10
const READERS = 8

let service: TestApp
let writers: pg.Pool
let killer: pg.Client
beforeAll(async () => {
  service = await startApp()
  writers = createPool(service.config.databaseUrl, 40)
  killer = new pg.Client(service.config.databaseUrl)
  await killer.connect()
})
afterAll(async () => {
  await killer.end()
  await writers.end()
  await service.close()
})

/** Ends a connection of anybody but us, in the middle of whatever it does: of a writer, the sealer, the projection, a reader. */
const killOne = () =>
  killer.query(`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and application_name = 'evergrant' order by random() limit 1`)

it('by checkpoint shows 8 readers each row once and in order, while 64 writers commit late and roll back and connections are killed', async () => {
  let writing = true
  const store = new EventStore(writers)
  const committed: string[] = []
  const writer = async (w: number): Promise<void> => {
    for (let n = 0; n < EACH; n++) {
      const description = `paged ${w}-${n}`
      const event: AuditEvent = { type: 'SignupFailed', data: { description } }
      const late = async (db: pg.PoolClient): Promise<void> => {
        await db.query('select pg_sleep(random() / 20)')
        if ((w + n) % 5 === 0) throw new Error('changed its mind')
      }
      await store
        .transact(audit as Decider<unknown, AuditEvent>, randomUUID(), () => ({ events: [event], result: undefined }), {}, n % 2 ? late : undefined)
        .then(
          () => committed.push(description),
          // A killed connection leaves open whether it was committed: the table of events tells.
          () => undefined,
        )
    }
  }
  const killing = async (): Promise<number> => {
    let killed = 0
    for (; writing; killed++) {
      await killOne()
      await killer.query('select pg_sleep(0.1)')
    }
    return killed
  }
  const reader = async (): Promise<Json[]> => {
    const seen: Json[] = []
    // As collectors make it up: a time, then zeros.
    let next = `${service.url}api/v2/logs?from=${'90020260101000000'.padEnd(56, '0')}&take=50`
    const authorization = `Bearer ${await service.managementToken(['read:logs'])}`
    for (let last = false; ;) {
      const wasWriting = writing
      const res = await current(() => fetch(next, { headers: { authorization } }))
      const body = (await res.json()) as Json
      expect({ status: res.status, body }).toMatchObject({ status: 200 })
      seen.push(...body)
      next = /^<(.+)>; rel="next"$/.exec(res.headers.get('link')!)![1]!
      if (body.length > 0 || wasWriting) continue
      if (last) return seen
      last = true
    }
  }
  const killed = killing()
  const readers = Array.from({ length: READERS }, reader)
  await Promise.all(Array.from({ length: WRITERS }, (_, w) => writer(w)))
  writing = false
  expect(await killed).toBeGreaterThan(3)
  const [first, ...others] = await Promise.all(readers)
  const ids = first!.map(({ log_id }) => log_id)
  expect(ids).toEqual([...new Set<string>(ids)].sort())
  for (const other of others) expect(other.map(({ log_id }) => log_id)).toEqual(ids)
  const { rows } = await killer.query<{ description: string }>(`select data->>'description' as description from events where type = 'SignupFailed'`)
  const shown = first!.filter(({ type }) => type === 'fs').map(({ description }) => description)
  expect([...shown].sort()).toEqual(rows.map(({ description }) => description).sort())
  expect(rows.map(({ description }) => description)).toEqual(expect.arrayContaining(committed))
  expect(committed.length).toBeGreaterThan((WRITERS * EACH) / 2)
})
