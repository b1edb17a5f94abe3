import type pg from 'pg'
import { cursorPages, Pages } from './cursor.js'
import { before } from '../catch-up.js'
import type { Mark } from '../event.js'
import { eventHash, ZERO_HASH } from '../hashes.js'
import type { LogBlock, LogEvent, LogKey, LogSeal, LogSource, LogStart, Traced } from './log-source.js'
import { type EventRow, Predecessors } from './predecessors.js'

const EVENTS_PER_PAGE = 4096
/** A seal lists up to 4096 events, 32 bytes each. */
const SEALS_PER_PAGE = 32

export const WHOLE_LOG: LogStart = { number: 0, position: 0, hash: ZERO_HASH }

/**
 * The log in the database, as one snapshot sees it: needs an open REPEATABLE READ transaction with `streamInOrder`.
 * From `start` on; to seal `lastSeal`, or with the events that are not sealed yet.
 */
export class DatabaseLog implements LogSource {
  constructor(
    private readonly db: pg.ClientBase,
    readonly keys: ReadonlyMap<string, LogKey>,
    readonly start: LogStart = WHOLE_LOG,
    private readonly lastSeal?: number,
  ) {}

  async *blocks(): AsyncGenerator<LogBlock> {
    const from = this.start.number === WHOLE_LOG.number ? undefined : await this.#markOf(this.start.number)
    const seals = new Pages(cursorPages<SealRow>(this.db, 'log_seals', SEALS_PER_PAGE, SEALS, [from ? this.start.number : null, this.lastSeal ?? null]))
    const events = new Pages(this.#events(from))
    for (;;) {
      const seal = await seals.next()
      if (!seal) break
      const count = seal.leaves.length / 32
      // A manipulated range could hold any number of events; a few too many are enough to see it.
      const covered = await events.takeWhile(({ row }) => !before(seal, row), count + EVENTS_PER_PAGE)
      yield { events: covered.map(({ event }) => event), seal: logSeal(seal) }
    }
    if (this.lastSeal !== undefined) return
    const end = await this.#end()
    for (;;) {
      const page = await events.takeWhile(() => true, EVENTS_PER_PAGE)
      if (page.length === 0) return
      yield { events: page.map(({ row, event }) => (before(row, end) ? event : { ...event, flaw: 'its transaction is still to come' })) }
    }
  }

  async trace(hash: Buffer): Promise<Traced | undefined> {
    const [found] = (await this.db.query<Known>(`select stream_id as "streamId", version from events where hash = $1 limit 1`, [hash])).rows
    if (found) return { ...found, elsewhere: true }
    const [head] = (await this.db.query<Known>(`select id as "streamId", version from streams where head_hash = $1 limit 1`, [hash])).rows
    if (head) return { ...head, elsewhere: false }
    const { rows: orphans } = await this.db.query<EventRow>(ORPHANS)
    const heir = orphans.find((row) => eventHash(hash, hashed(row)).equals(row.hash))
    return heir && { streamId: heir.stream_id, version: heir.version - 1, elsewhere: false }
  }

  /** Whole pages get their previous hashes in one go. */
  async *#events(from: Mark | undefined): AsyncGenerator<{ row: EventRow; event: LogEvent }[], undefined> {
    const predecessors = new Predecessors(this.db)
    let last: Mark | undefined
    const values = [from?.epoch ?? null, from?.xid ?? null, from?.sequence ?? null]
    for await (const page of cursorPages<EventRow>(this.db, 'log_events', EVENTS_PER_PAGE, EVENTS, values)) {
      const previous = await predecessors.of(page)
      yield page.map((row, n) => {
        const flaw = isSamePlace(last, row) ? { flaw: 'it stands at the place of another event' } : timeFlaw(row)
        last = row
        return { row, event: { ...hashed(row), hash: row.hash, ...flaw, ...previous[n]! } }
      })
    }
  }

  /** What stands from here on was written by no transaction, and is sealed by nobody. */
  async #end(): Promise<Mark> {
    const { rows } = await this.db.query<Mark>(END)
    return rows[0] ?? { epoch: 0, xid: '0', sequence: 0 }
  }

  async #markOf(seal: number): Promise<Mark | undefined> {
    const { rows } = await this.db.query<Mark>(`select epoch, xid, sequence from seals where number = $1`, [seal])
    return rows[0]
  }
}

interface Known {
  streamId: string
  version: number
}

/** A seal as its table holds it. */
export interface SealRow extends Mark {
  number: number
  first_position: number
  last_position: number
  leaves: Buffer
  merkle_root: Buffer
  previous_hash: Buffer
  sealed_at: Date
  hash: Buffer
  key_id: string
  signature: Buffer
}

export const logSeal = (row: SealRow): LogSeal => ({
  number: row.number,
  firstPosition: row.first_position,
  lastPosition: row.last_position,
  epoch: row.epoch,
  xid: row.xid,
  sequence: row.sequence,
  leaves: row.leaves,
  merkleRoot: row.merkle_root,
  previousHash: row.previous_hash,
  // The database knows times that no Date can hold: infinity comes as a number.
  sealedAt: new Date(Number(row.sealed_at)),
  hash: row.hash,
  keyId: row.key_id,
  signature: row.signature,
})

const hashed = ({ stream_id: streamId, version, type, schema_version: schemaVersion, data, metadata }: EventRow) => ({
  streamId,
  version,
  type,
  schemaVersion,
  data,
  metadata,
})

const isSamePlace = (a: Mark | undefined, b: Mark): boolean => a?.sequence === b.sequence && a.xid === b.xid && a.epoch === b.epoch

/** The hash covers the time in the metadata; the column must say the same. */
function timeFlaw({ metadata, micros }: EventRow): { flaw?: string } {
  const at = (JSON.parse(metadata) as { at?: unknown } | null)?.at
  return typeof at === 'string' && Date.parse(at) * 1000 === micros ? {} : { flaw: 'its occurred_at is not the time in its metadata' }
}

export const SEAL_COLUMNS = `
  number, first_position, last_position, epoch, xid, sequence, leaves, merkle_root, previous_hash, sealed_at, hash, key_id, signature`

/** A whole log is read from whatever stands first in the table: what was put before the place of the first event is found too. */
const SEALS = `
  select ${SEAL_COLUMNS}
  from seals where ($1::bigint is null or number > $1) and ($2::bigint is null or number <= $2) order by number`

const COLUMNS = `stream_id, version, type, schema_version, data::text, metadata::text, hash, epoch, xid, sequence,
    (extract(epoch from occurred_at) * 1000000)::float8 as micros`

const EVENTS = `
  select ${COLUMNS}
  from events where $1::smallint is null or (epoch, xid, sequence) > ($1, $2::xid8, $3::bigint) order by epoch, xid, sequence`

/** Of a log that was restored into another cluster and not started there yet, transactions cannot be told: they are those of the old one. */
const END = `
  select epoch, 0 as sequence, case
      when system_identifier = (select system_identifier::text from pg_control_system()) then pg_snapshot_xmax(pg_current_snapshot())::text
      else '18446744073709551615' end as xid
  from epochs order by epoch desc limit 1`

const ORPHANS = `
  select ${COLUMNS}
  from events e
  where version > 1 and not exists (select from events p where p.stream_id = e.stream_id and p.version = e.version - 1)
  limit 1000`
