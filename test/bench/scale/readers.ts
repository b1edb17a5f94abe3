import type pg from 'pg'
import { projections } from '../../../src/projections.js'

/**
 * Whether the service's readers of the log, projections and reactors, have made their checkpoints and read all that there is. Those that make
 * theirs late look like none, so one look is not enough where that matters.
 */
export async function readersAreDone(db: pg.ClientBase): Promise<boolean> {
  const { rowCount } = await db.query(
    `select from checkpoints having count(*) > $1 and min(position) = (select last_position from seals order by number desc limit 1)
       and (select count(*) from events) = min(position)`,
    [projections.length],
  )
  return rowCount === 1
}
