import type pg from 'pg'
import type { Mark } from './event.js'

/** A mark as clients hold it: `<epoch>.<transaction>.<sequence>`, known as soon as the event is committed, before it has its position. */
export const positionText = ({ epoch, xid, sequence }: Mark): string => `${epoch}.${xid}.${sequence}`

/** Undefined for what is no such text, or beyond what the database can hold. */
export function readPositionText(text: string): Mark | undefined {
  const [, epoch, xid, sequence] = /^([1-9]\d{0,3})\.(\d{1,19})\.(\d{1,15})$/.exec(text) ?? []
  return epoch === undefined ? undefined : { epoch: Number(epoch), xid: xid!, sequence: Number(sequence) }
}

/** Where a sealed event stands, and when it was appended. */
interface SealedPlace {
  readonly position: number
  /** ISO time. */
  readonly at: string
}

/** Whether a write was answered with it. Errors: the database's. */
export async function isAppended(db: pg.Pool, { epoch, xid, sequence }: Mark): Promise<boolean> {
  const text = 'select from events where (epoch, xid, sequence) = ($1, $2::xid8, $3)'
  return (await db.query({ name: 'is-appended', text, values: [epoch, xid, sequence] })).rowCount === 1
}

/** The place of the event at a mark; undefined where there is none, or while it is not sealed. Errors: the database's. */
export async function placeOf(db: pg.Pool, { epoch, xid, sequence }: Mark): Promise<SealedPlace | undefined> {
  const { rows } = await db.query<{ position: number; at: Date }>({ name: 'place-of-mark', text: PLACE, values: [epoch, xid, sequence] })
  return rows[0] && { position: rows[0].position, at: rows[0].at.toISOString() }
}

/** Positions are counted from the seal before: at most one seal's events are looked at. */
const PLACE = `
  select coalesce(before.last_position, 0) + (
      select count(*) from events e
      where (e.epoch, e.xid, e.sequence) > (coalesce(before.epoch, 0), coalesce(before.xid, '0'::xid8), coalesce(before.sequence, 0))
        and (e.epoch, e.xid, e.sequence) <= ($1, $2::xid8, $3)) as position,
    here.occurred_at as at
  from events here
  cross join lateral (
    select number from seals where (epoch, xid, sequence) >= ($1, $2::xid8, $3) order by epoch, xid, sequence limit 1) as covering
  left join seals before on before.number = covering.number - 1
  where (here.epoch, here.xid, here.sequence) = ($1, $2::xid8, $3)`
