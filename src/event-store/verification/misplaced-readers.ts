import type pg from 'pg'

/** Each reader of the log that stands where no batch of its ends: what it has been moved past never reaches its table, or its commands. */
export async function misplacedReaders(db: pg.ClientBase | pg.Pool): Promise<{ reader: string; reason: string }[]> {
  const { rows } = await db.query<{ reader: string; position: number; end: number }>(MISPLACED)
  return rows.map(({ reader, position, end }) => ({
    reader,
    reason:
      position > end ? `stands at position ${position}, but the newest seal ends at ${end}` : `stands at position ${position}, where no seal ends as it says`,
  }))
}

const MISPLACED = `
  select c.name as reader, c.position, head.position as end
  from checkpoints c cross join (select coalesce(max(last_position), 0) as position from seals) as head
  where c.position <> 0
    and not exists (select from seals s where s.last_position = c.position and (s.epoch, s.xid, s.sequence) = (c.epoch, c.xid, c.sequence))
  order by c.name`
