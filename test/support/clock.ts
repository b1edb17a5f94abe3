import pg from 'pg'
import { freshDatabase } from './database.js'

/** The clock of one database, as its service sees it. */
export interface Clock {
  /** Moves it by so many seconds, back if negative, for every statement from now on. */
  move(seconds: number): Promise<void>
  /** Stops it at a moment; it stays there until it is stopped at another. */
  stop(at: Date): Promise<void>
}

/**
 * A fresh database whose clock tests can move. Functions of the same names as those that tell the time stand before PostgreSQL's own in the
 * search path of whoever connects to it; what the service runs is to the letter what it runs anywhere else. Column defaults keep the real clock.
 */
export async function databaseWithClock(): Promise<{ readonly databaseUrl: string; readonly clock: Clock }> {
  const databaseUrl = await freshDatabase()
  const asOwner = async (statement: string, values: unknown[] = []): Promise<void> => {
    const owner = new pg.Client(databaseUrl)
    await owner.connect()
    try {
      await owner.query(statement, values)
    } finally {
      await owner.end()
    }
  }
  const name = new URL(databaseUrl).pathname.slice(1)
  await asOwner(`
    create schema moved_clock;
    create table moved_clock.shift (by interval not null, stopped_at timestamptz);
    insert into moved_clock.shift values ('0');
    create function moved_clock.clock_timestamp() returns timestamptz language sql volatile as
      'select coalesce(stopped_at, pg_catalog.clock_timestamp() + by) from moved_clock.shift';
    create function moved_clock.now() returns timestamptz language sql stable as
      'select coalesce(stopped_at, pg_catalog.now() + by) from moved_clock.shift';
    grant usage on schema moved_clock to public;
    grant select on moved_clock.shift to public;
    alter database ${name} set search_path = moved_clock, pg_catalog, public`)
  return {
    databaseUrl,
    clock: {
      move: (seconds) => asOwner('update moved_clock.shift set by = by + make_interval(secs => $1)', [seconds]),
      stop: (at) => asOwner('update moved_clock.shift set stopped_at = $1', [at]),
    },
  }
}
