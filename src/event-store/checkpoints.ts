import type pg from 'pg'
import type { Place } from './log-reader.js'

/** Another process moved a checkpoint in the meantime; nothing of this batch was kept. */
export class MovedElsewhere extends Error {}

/** How far a reader has come. */
export type Checkpoint = Place & { readonly name: string }

/** One reader's step from a place to the next. */
export interface Move {
  readonly name: string
  readonly from: Place
  readonly to: Place
}

/** Where the named readers stand; a new one starts at position 0. */
export async function readCheckpoints(pool: pg.Pool, names: readonly string[]): Promise<Checkpoint[]> {
  const read = { name: 'checkpoints-of', text: `select name, position, epoch, xid, sequence from checkpoints where name = any($1)`, values: [names] }
  const { rows } = await pool.query<Checkpoint>(read)
  if (rows.length === names.length) return rows
  await pool.query(`insert into checkpoints (name) select unnest($1::text[]) on conflict do nothing`, [names])
  return (await pool.query<Checkpoint>(read)).rows
}

/**
 * Makes each move whose reader stands where it starts; answers the readers that moved. The commit of its transaction waits for no disk: what a crash
 * takes away is done again from the sealed log, together with what was written beside it.
 */
export async function moveCheckpoints(db: pg.ClientBase | pg.Pool, moves: readonly Move[]): Promise<Set<string>> {
  const { rows } = await db.query<{ name: string }>({
    name: 'move-checkpoints',
    text: MOVE,
    values: [
      moves.map(({ name }) => name),
      moves.map(({ from }) => from.position),
      moves.map(({ to }) => to.position),
      moves.map(({ to }) => to.epoch),
      moves.map(({ to }) => to.xid),
      moves.map(({ to }) => to.sequence),
    ],
  })
  return new Set(rows.map(({ name }) => name))
}

const MOVE = `
  with lazy as materialized (select set_config('synchronous_commit', 'off', true))
  update checkpoints c set position = m.position, epoch = m.epoch, xid = m.xid, sequence = m.sequence, moved_at = clock_timestamp()
  from unnest($1::text[], $2::bigint[], $3::bigint[], $4::smallint[], $5::xid8[], $6::bigint[]) as m(name, start, position, epoch, xid, sequence), lazy
  where c.name = m.name and c.position = m.start
  returning c.name`
