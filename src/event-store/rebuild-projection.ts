import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { moveCheckpoints } from './checkpoints.js'
import { findTable, makeEmptyCopy, replaceByCopy, type Table, takeIndexes } from './empty-copy.js'
import { type LoggedEvent, type Place, readBatch, START } from './log-reader.js'
import type { PersonalValues, Projection } from './projection.js'
import { project } from './projection-runner.js'

const BATCH = 4000
/** So much may be left to replay while the projection stands still for the exchange of tables. */
const SHORT = 1000
/** The new table has no statistics yet; nothing of it is lost that a crash would not lose anyway; indexes are made by sorting. */
const SETTINGS = `
  set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off; set plan_cache_mode = force_generic_plan;
  set statement_timeout = 0; set synchronous_commit = off; set maintenance_work_mem = '256MB'`
/** Attempts to get the table for a moment, a second apart. */
const SWAP_ATTEMPTS = 60
/** First half of the advisory lock; the second is the projection's name. */
const REBUILD_LOCK = 7_230_117

/** Two rebuilds of one projection would take away each other's table. */
export class AlreadyRebuildingError extends Error {}

interface Rebuilt {
  readonly position: number
  readonly events: number
  readonly failed: number
}

/**
 * Builds a projection's table anew from the first position, beside the one in use, and exchanges the two when it has caught up.
 * Readers and the projection runner go on meanwhile: nobody sees an empty, missing or older table.
 * A rebuild that is killed leaves the table in use as it was; the next one clears up. With a `reader`, another connection, it reads ahead.
 * Errors: AlreadyRebuildingError; BrokenLogError; the database's.
 */
export async function rebuildProjection(db: pg.Client, projection: Projection, personal?: PersonalValues, reader = db): Promise<Rebuilt> {
  const { name } = projection
  const { rows } = await db.query<{ locked: boolean }>('select pg_try_advisory_lock($1, hashtext($2)) as locked', [REBUILD_LOCK, name])
  if (!rows[0]!.locked) throw new AlreadyRebuildingError(`${name} is being rebuilt by another process`)
  for (const connection of new Set([db, reader])) await connection.query(SETTINGS)
  const schema = `rebuild_${name}`.slice(0, 63)
  const table = await findTable(db, projection.table)
  const indexes = await prepare(db, table, schema, projection.searches ?? [])
  await db.query(`insert into checkpoints (name) values ($1) on conflict do nothing`, [name])
  let events = 0
  const replayFrom = (start: Place): Promise<Place> => replay({ db, reader }, projection, personal, start, (done) => (events += done))
  let from = await replayFrom(START)
  for (const statement of indexes) await db.query(statement)
  for (let attempt = 1; ; attempt++) {
    const caughtUp = await replayFrom(from)
    await db.query(`analyze ${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table.name)}`)
    const swapped = await swap(db, projection, personal, table, schema, caughtUp, attempt)
    if (swapped) {
      await db.query(`drop schema ${pg.escapeIdentifier(schema)} cascade`)
      await db.query('select pg_advisory_unlock($1, hashtext($2))', [REBUILD_LOCK, name])
      return { position: swapped.place.position, events: events + swapped.events, failed: swapped.failed }
    }
    from = caughtUp
    await pause(1000)
  }
}

/** Answers the statements that make the indexes which only readers want: all at once they cost a fraction of what they cost row by row. */
async function prepare(db: pg.Client, table: Table, schema: string, searches: readonly string[]): Promise<string[]> {
  const own = pg.escapeIdentifier(schema)
  await db.query(`drop schema if exists ${own} cascade`)
  await db.query(`create schema ${own}`)
  await makeEmptyCopy(db, table, schema)
  const indexes = await takeIndexes(db, { ...table, schema }, searches)
  // Failures of the replay are kept apart too, until they count.
  await makeEmptyCopy(db, await findTable(db, 'failed_events'), schema)
  // Unqualified names mean the new tables first.
  await db.query(`set search_path = ${own}, ${pg.escapeIdentifier(table.schema)}`)
  return indexes
}

/** Replays until little is left of the log, be the projection itself at its end or far behind. */
async function replay(
  { db, reader }: { readonly db: pg.Client; readonly reader: pg.Client },
  projection: Projection,
  personal: PersonalValues | undefined,
  start: Place,
  count: (events: number) => void,
): Promise<Place> {
  let place = start
  for await (const { events, upTo } of batches(reader, start, reader !== db)) {
    if (events.length > 0) {
      await db.query('begin')
      await project(db, projection, events, personal)
      await db.query('commit')
      count(events.length)
    }
    place = upTo
    const { rows } = await db.query<{ position: number }>(`select coalesce(max(last_position), 0) as position from seals`)
    if (rows[0]!.position - place.position <= SHORT) break
  }
  return place
}

/** All there is after a place, and for ever on; `ahead`: the next batch is asked for before one is worked on. */
async function* batches(db: pg.Client, start: Place, ahead: boolean): AsyncGenerator<{ readonly events: readonly LoggedEvent[]; readonly upTo: Place }> {
  const read = (from: Place): ReturnType<typeof readBatch> => {
    const batch = readBatch(db, from, BATCH)
    // Who waits for it hears of a failure, and nobody does for the last one.
    batch.catch(() => undefined)
    return batch
  }
  for (let next = read(start); ;) {
    const batch = await next
    if (ahead) next = read(batch.upTo)
    yield batch
    if (!ahead) next = read(batch.upTo)
  }
}

/** Answers undefined when a slow reader held the table; nothing has changed then. */
async function swap(db: pg.Client, projection: Projection, personal: PersonalValues | undefined, table: Table, schema: string, start: Place, attempt: number) {
  const { name } = projection
  await db.query('begin')
  try {
    const { rows } = await db.query<Place>(`select position, epoch, xid, sequence from checkpoints where name = $1 for update`, [name])
    const checkpoint = rows[0]!
    let place = start
    let replayed = 0
    while (place.position < checkpoint.position) {
      const { events, upTo } = await readBatch(db, place, BATCH)
      // Somebody moved the checkpoint ahead of the log: it comes back to the log's end.
      if (events.length === 0) break
      await project(db, projection, events, personal)
      replayed += events.length
      place = upTo
    }
    const failures = `from ${pg.escapeIdentifier(schema)}.failed_events`
    const failedEvents = `${pg.escapeIdentifier(table.schema)}.failed_events`
    await db.query(`delete from ${failedEvents} where projection = $1`, [name])
    const { rowCount } = await db.query(`insert into ${failedEvents} select * ${failures}`)
    await moveCheckpoints(db, [{ name, from: checkpoint, to: place }])
    await replaceByCopy(db, table, schema)
    // Who called it hears that it is done.
    await db.query('set local synchronous_commit = on')
    await db.query('commit')
    return { place, events: replayed, failed: rowCount ?? 0 }
  } catch (error) {
    await db.query('rollback')
    if ((error as { code?: string }).code === '55P03' && attempt < SWAP_ATTEMPTS) return undefined
    throw error
  }
}
