import type pg from 'pg'
import { type Decider, type Event, type StoredEvent, streamName } from './event.js'
import { type EventRow, storedEvent } from './event-row.js'

/** An event with its place in the log; undefined until it is sealed, which takes a moment. */
export type PlacedEvent<E extends Event = Event> = StoredEvent<E> & { readonly position: number | undefined }

/** A part of a stream's history, after a version, in order: up to `limit` events, in their newest shape, with their places in the log. */
export async function readStreamPage<S, E extends Event>(
  pool: pg.Pool,
  decider: Pick<Decider<S, E>, 'streamType' | 'upcasters'>,
  id: string,
  after: number,
  limit: number,
): Promise<PlacedEvent<E>[]> {
  const { rows } = await pool.query<PlacedRow>({ name: 'stream-page', text: STREAM_PAGE, values: [streamName(decider.streamType, id), after, limit] })
  return rows.map(({ position, ...row }) => ({ ...storedEvent(decider.upcasters, row), position: position ?? undefined }))
}

interface PlacedRow extends EventRow {
  readonly position: number | null
}

/** The seal that covers an event is the first at or behind its mark, and lists its hash, 32 bytes, at its place (docs/adr/0001-event-store.md). */
const STREAM_PAGE = `
  select e.stream_id, e.version, e.type, e.schema_version, e.data, e.metadata, s.first_position + (nullif(position(e.hash in s.leaves), 0) - 1) / 32 as position
  from (
    select stream_id, version, type, schema_version, data, metadata, hash, epoch, xid, sequence from events
    where stream_id = $1 and version > $2 order by version limit $3
  ) e
  left join lateral (
    select first_position, leaves from seals where (epoch, xid, sequence) >= (e.epoch, e.xid, e.sequence) order by epoch, xid, sequence limit 1
  ) s on true
  order by e.version`
