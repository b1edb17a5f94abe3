import type pg from 'pg'
import type { Event, Mark, Metadata, SealedEvent, Upcasters } from './event.js'
import { upcast } from './event.js'
import type { EventRow } from './event-row.js'

/** A place in the sealed log: all positions up to `position`, which are the events up to the mark. */
export interface Place extends Mark {
  readonly position: number
}

export const START: Place = { position: 0, epoch: 0, xid: '0', sequence: 0 }

/** An event as stored, with its position; `readBatch` answers these so that each reader upcasts only what it cares about. */
export interface LoggedEvent {
  readonly position: number
  readonly streamId: string
  readonly version: number
  readonly type: string
  readonly schemaVersion: number
  readonly data: object
  readonly metadata: Metadata
}

/** The sealed log does not hold what its seals say: nothing may be built on it. `verify` says more. */
export class BrokenLogError extends Error {}

/**
 * The sealed events after `from`, in whole seals: at least one seal if there is any, then as many as fit into `limit` events.
 * `upTo` equals `from` when there is nothing. `end`: that of the newest seal, where it is known. Errors: BrokenLogError when the events are not as
 * many as the seals say.
 */
export async function readBatch(db: pg.Pool | pg.ClientBase, from: Place, limit: number, end?: Place): Promise<{ events: LoggedEvent[]; upTo: Place }> {
  const upTo = end && end.position - from.position <= limit ? end : await endOfBatch(db, from, limit)
  if (!upTo) return { events: [], upTo: from }
  const { rows } = await db.query<EventRow>({
    name: 'read-log',
    text: READ_LOG,
    values: [from.epoch, from.xid, from.sequence, upTo.epoch, upTo.xid, upTo.sequence],
  })
  if (rows.length !== upTo.position - from.position) {
    throw new BrokenLogError(`positions ${from.position + 1}..${upTo.position} should be ${upTo.position - from.position} events but are ${rows.length}`)
  }
  const events = rows.map((row, n) => ({
    position: from.position + n + 1,
    streamId: row.stream_id,
    version: row.version,
    type: row.type,
    schemaVersion: row.schema_version,
    data: row.data,
    metadata: row.metadata,
  }))
  return { events, upTo }
}

/** The events that `upcasters` knows, in their newest shape. */
export function ofTypes<E extends Event>(events: readonly LoggedEvent[], upcasters: Upcasters<E>): SealedEvent<E>[] {
  return events
    .filter(({ type }) => Object.hasOwn(upcasters, type))
    .map(({ position, streamId, version, type, schemaVersion, data, metadata }) => ({
      ...upcast(upcasters, type, schemaVersion, data),
      streamId,
      version,
      metadata,
      position,
    }))
}

async function endOfBatch(db: pg.Pool | pg.ClientBase, from: Place, limit: number): Promise<Place | undefined> {
  const { rows } = await db.query<Place>({
    name: 'next-seals',
    text: `select last_position as position, epoch, xid, sequence from seals where last_position > $1 order by last_position limit 256`,
    values: [from.position],
  })
  return rows.filter((seal) => seal.position - from.position <= limit).at(-1) ?? rows[0]
}

const READ_LOG = `
  select stream_id, version, type, schema_version, data, metadata from events
  where (epoch, xid, sequence) > ($1, $2::xid8, $3) and (epoch, xid, sequence) <= ($4, $5::xid8, $6)
  order by epoch, xid, sequence`
