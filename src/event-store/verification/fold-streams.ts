import { isDeepStrictEqual } from 'node:util'
import type pg from 'pg'
import { cursorPages, Pages } from './cursor.js'
import { type Decider, type Event, upcast } from '../event.js'
import type { EventRow } from '../event-row.js'

const ROWS_PER_PAGE = 2000

interface FoldedStream {
  readonly streamId: string
  readonly events: number
  /** `stale`: folded by an older version of this code, and folded anew at the next command. */
  readonly verdict: 'same' | 'stale' | 'different'
  /** What differs, for `different`. */
  readonly reason?: string
}

/**
 * Folds every stream's events again and compares with its row, in the order of stream ids. Needs a snapshot with `streamInOrder`;
 * holds one stream's state at a time.
 */
export async function* foldStreams(db: pg.ClientBase, deciders: readonly Decider<unknown, Event>[]): AsyncGenerator<FoldedStream> {
  const byType = new Map(deciders.map((decider) => [decider.streamType, decider]))
  const rows = new Pages(cursorPages<StreamRow>(db, 'fold_streams', ROWS_PER_PAGE, STREAMS))
  const events = new Pages(cursorPages<HashedRow>(db, 'fold_events', ROWS_PER_PAGE, EVENTS))
  for (;;) {
    const [row, event] = [await rows.peek(), await events.peek()]
    if (!row && !event) return
    if (event && (!row || precedes(event.stream_id, row.id))) {
      const { length } = await events.takeWhile(({ stream_id }) => stream_id === event.stream_id)
      yield { streamId: event.stream_id, events: length, verdict: 'different', reason: 'has events but no stream row' }
      continue
    }
    await rows.next()
    yield await foldStream(row!, byType.get(row!.type), events)
  }
}

async function foldStream(row: StreamRow, decider: Decider<unknown, Event> | undefined, events: Pages<HashedRow>): Promise<FoldedStream> {
  let folded: unknown = decider?.initial
  let count = 0
  let last: HashedRow | undefined
  let reason: string | undefined = decider ? undefined : `this version knows no streams of type ${row.type}`
  for (let page = await next(events, row.id); page.length > 0; page = await next(events, row.id)) {
    for (const event of page) {
      count++
      last = event
      if (!decider || reason) continue
      try {
        folded = decider.evolve(folded, upcast(decider.upcasters, event.type, event.schema_version, event.data), event.metadata)
      } catch (error) {
        reason = `version ${event.version} cannot be folded: ${(error as Error).message}`
      }
    }
  }
  reason ??=
    difference(row, last) ?? (row.state_version === decider?.stateVersion && !sameJson(row.state, folded) ? 'its state is not what its events say' : undefined)
  const stale = row.state_version !== decider?.stateVersion
  return { streamId: row.id, events: count, verdict: reason ? 'different' : stale ? 'stale' : 'same', ...(reason !== undefined && { reason }) }
}

/** A long stream comes in pieces. */
const next = (events: Pages<HashedRow>, streamId: string): Promise<HashedRow[]> => events.takeWhile(({ stream_id }) => stream_id === streamId, ROWS_PER_PAGE)

function difference({ version, head_hash }: StreamRow, last: HashedRow | undefined): string | undefined {
  if (!last) return 'has a stream row but no events'
  if (version !== last.version) return `its row stands at version ${version}, its events end at version ${last.version}`
  return head_hash.equals(last.hash) ? undefined : "its row's head hash is not the last event's hash"
}

/** Through JSON, as the row was written: that drops what is undefined; the order of members does not count. */
const sameJson = (stored: unknown, folded: unknown): boolean => isDeepStrictEqual(stored, JSON.parse(JSON.stringify(folded)))

/** The order of collation "C": bytes, which for characters beyond the basic plane is not JavaScript's order. */
const precedes = (a: string, b: string): boolean => Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0

interface StreamRow {
  id: string
  type: string
  version: number
  head_hash: Buffer
  state: unknown
  state_version: number
}

interface HashedRow extends EventRow {
  readonly hash: Buffer
}

const STREAMS = `select id, type, version, head_hash, state, state_version from streams order by id`
const EVENTS = `select stream_id, version, type, schema_version, data, metadata, hash from events order by stream_id, version`
