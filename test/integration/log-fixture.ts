import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { createOwnerClient, createPool } from '../../src/database/pool.js'
import type { Mark } from '../../src/event-store/event.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { eventHash, ZERO_HASH } from '../../src/event-store/hashes.js'
import { SealedElsewhere, Sealer } from '../../src/event-store/sealer.js'
import { LogKey } from '../../src/keys/log-key.js'
import { LookupKey } from '../../src/keys/lookup-key.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { add, added, counter } from '../support/counter.js'
import { freshDatabase } from '../support/database.js'
import { eventually } from '../support/eventually.js'

export const ISSUER = 'https://auth.example.com/'

/** A log of counters in a database of its own, written through the store and sealed by the sealer. */
export class LogFixture {
  readonly store: EventStore
  readonly #sealer: Sealer

  private constructor(
    readonly url: string,
    readonly rootKeys: RootKeys,
    readonly pool: pg.Pool,
    /** Superuser, with triggers switched off: what an intruder has. */
    readonly intruder: pg.Client,
    signer: LogKey,
  ) {
    this.store = new EventStore(pool)
    this.#sealer = new Sealer(pool, signer)
  }

  static async create(encryptionKey: Buffer = randomBytes(32)): Promise<LogFixture> {
    const url = await freshDatabase()
    const pool = createPool(url, 4)
    const rootKeys = new RootKeys([encryptionKey])
    const intruder = createOwnerClient(url)
    await intruder.connect()
    await intruder.query(`set session_replication_role = replica`)
    const signer = await LogKey.load(pool, rootKeys)
    // As in every installation, the log's key is not all that is under the root key.
    await new LookupKey(pool, rootKeys).of('email', 'jane@example.com')
    return new LogFixture(url, rootKeys, pool, intruder, signer)
  }

  /**
   * Positions 1..12 in three seals, of four streams: 1..3 a, b, c version 1; 4..6 a, b, c version 2; seal 1.
   * 7..8 a version 3, 4 at once; 9 d version 1; seal 2. 10..12 b, c, d; seal 3. Then a version 5, not sealed.
   */
  static async withLog(encryptionKey?: Buffer): Promise<LogFixture> {
    const log = await LogFixture.create(encryptionKey)
    for (const by of ['first', 'second']) for (const id of ['a', 'b', 'c']) await log.add(id, by)
    await log.seal()
    await log.store.transact(counter, 'a', () => ({ events: [added('third'), added('fourth')], result: undefined }))
    await log.add('d', 'first')
    await log.seal()
    for (const id of ['b', 'c', 'd']) await log.add(id, 'again')
    await log.seal()
    await log.add('a', 'fifth')
    return log
  }

  async add(id: string, by: string): Promise<void> {
    await this.store.transact(counter, id, add(by))
  }

  /** One seal over all that is not sealed. Other tests' transactions hold sealing up, as they share the cluster. */
  async seal(): Promise<void> {
    const ready = async (): Promise<boolean> =>
      (await this.pool.query<{ ready: boolean }>(`select pg_snapshot_xmin(pg_current_snapshot()) > max(xid) as ready from events`)).rows[0]!.ready
    await eventually(ready)
    await this.#sealer.seal()
  }

  /** What can be sealed now; another sealer may have come first. */
  async sealReady(): Promise<void> {
    await this.#sealer.seal().catch((error: unknown) => {
      if (!(error instanceof SealedElsewhere)) throw error
    })
  }

  async close(): Promise<void> {
    await Promise.all([this.pool.end(), this.intruder.end()])
  }

  /** Where the event at a position stands. */
  async at(position: number): Promise<Mark & { stream_id: string; version: number }> {
    const { rows } = await this.intruder.query<Mark & { stream_id: string; version: number }>(
      `select stream_id, version, epoch, xid, sequence from events order by epoch, xid, sequence offset $1 limit 1`,
      [position - 1],
    )
    return rows[0]!
  }

  /** Changes the event at a position by an SQL assignment. */
  async edit(position: number, assignment: string): Promise<void> {
    const { stream_id, version } = await this.at(position)
    await this.intruder.query(`update events set ${assignment} where stream_id = $1 and version = $2`, [stream_id, version])
  }

  async remove(position: number): Promise<void> {
    const { stream_id, version } = await this.at(position)
    await this.intruder.query('delete from events where stream_id = $1 and version = $2', [stream_id, version])
  }

  /** Gives two events each other's place in the order. */
  async swap(one: number, other: number): Promise<void> {
    const [a, b] = [await this.at(one), await this.at(other)]
    for (const [event, key] of [
      [a, b],
      [b, a],
    ] as const) {
      await this.intruder.query(`update events set epoch = $3, xid = $4, sequence = $5 where stream_id = $1 and version = $2`, [
        event.stream_id,
        event.version,
        key.epoch,
        key.xid,
        key.sequence,
      ])
    }
  }

  /** Recomputes the hashes of every event and the streams' heads, as someone would who knows how they are made. */
  async rehash(streamId?: string): Promise<void> {
    const { rows } = await this.intruder.query<StoredRow>(
      `select stream_id, version, type, schema_version, data::text, metadata::text from events where $1::text is null or stream_id = $1 order by stream_id, version`,
      [streamId ?? null],
    )
    let previous: Buffer = ZERO_HASH
    for (const { stream_id, version, type, schema_version: schemaVersion, data, metadata } of rows) {
      previous = eventHash(version === 1 ? ZERO_HASH : previous, { streamId: stream_id, version, type, schemaVersion, data, metadata })
      await this.intruder.query(`update events set hash = $3 where stream_id = $1 and version = $2`, [stream_id, version, previous])
      await this.intruder.query(`update streams set head_hash = $3 where id = $1 and version = $2`, [stream_id, version, previous])
    }
  }

  /** Makes every seal anew over the events as they are. */
  async reseal(rootKeys = this.rootKeys): Promise<void> {
    await this.intruder.query('delete from seals')
    const sealer = new Sealer(this.pool, await LogKey.load(this.pool, rootKeys))
    const done = async (): Promise<boolean> =>
      (await this.pool.query<{ done: boolean }>(`select (select max(last_position) from seals) = (select count(*) from events) as done`)).rows[0]!.done
    while (!(await done())) await sealer.seal()
  }

  /** The same, signed with a key that takes the old one's place in the table. */
  async resealWithNewKey(): Promise<void> {
    await this.intruder.query('delete from log_keys')
    await this.reseal(new RootKeys([randomBytes(32)]))
  }
}

interface StoredRow {
  stream_id: string
  version: number
  type: string
  schema_version: number
  data: string
  metadata: string
}
