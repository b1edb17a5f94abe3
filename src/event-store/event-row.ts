import { type Event, type Metadata, type StoredEvent, upcast, type Upcasters } from './event.js'

/** What is read of a row of `events` to know the event. */
export interface EventRow {
  readonly stream_id: string
  readonly version: number
  readonly type: string
  readonly schema_version: number
  readonly data: object
  readonly metadata: Metadata
}

/** The event of a row, in its newest shape. */
export const storedEvent = <E extends Event>(upcasters: Upcasters<E>, row: EventRow): StoredEvent<E> => ({
  ...upcast(upcasters, row.type, row.schema_version, row.data),
  streamId: row.stream_id,
  version: row.version,
  metadata: row.metadata,
})
