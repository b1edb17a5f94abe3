import type pg from 'pg'
import { sealedPosition } from './event-store.metrics.js'
import { merkleRoot, sealHash, ZERO_HASH } from './hashes.js'
import type { Place } from './log-reader.js'
import type { LogSigner } from './log-signer.js'

/** Events per seal at most; a longer backlog becomes several seals. */
const MAX_EVENTS = 4096
/** Where the log ends is asked for again after so long: a database that took over from another may lack what was sealed there last. */
const TRUST_MS = 1000

/** Where the log's order has been settled so far. */
interface Head extends Place {
  readonly number: number
  readonly hash: Buffer
}

/**
 * Gives committed events their dense positions, batch by batch (docs/adr/0001-event-store.md).
 * Two sealers at once do no harm: the second one's seal number is taken, and it starts again from what is stored.
 */
export class Sealer {
  #head: Head | undefined
  /** By the steady clock. */
  #headReadAt = -Infinity

  constructor(
    private readonly pool: pg.Pool,
    private readonly signer: LogSigner,
  ) {}

  /** The end of the last seal, as it was at the last look; undefined before the first, and after one that failed. */
  get end(): Place | undefined {
    return this.#head
  }

  /** Seals what is ready; answers how many events that was. Errors: the database's; SealedElsewhere. */
  async seal(): Promise<number> {
    if (performance.now() - this.#headReadAt >= TRUST_MS) this.#head = undefined
    this.#head ??= await this.#readHead()
    const head = this.#head
    const { rows } = await this.pool.query<Ready>({ name: 'ready-to-seal', text: READY_TO_SEAL, values: [head.epoch, head.xid, head.sequence, MAX_EVENTS] })
    const last = rows.at(-1)
    if (!last) return 0
    try {
      this.#head = await this.#write(head, rows, last)
    } catch (error) {
      this.#head = undefined
      throw (error as { code?: string }).code === '23505' ? new SealedElsewhere() : error
    }
    sealedPosition.set(this.#head.position)
    return rows.length
  }

  async #readHead(): Promise<Head> {
    this.#headReadAt = performance.now()
    const { rows } = await this.pool.query<Head>(`select number, last_position as position, hash, epoch, xid, sequence from seals order by number desc limit 1`)
    return rows[0] ?? { number: 0, position: 0, hash: ZERO_HASH, epoch: 0, xid: '0', sequence: 0 }
  }

  async #write(head: Head, ready: readonly Ready[], last: Ready): Promise<Head> {
    const leaves = ready.map((event) => event.hash)
    const { epoch, xid, sequence } = last
    const content = {
      number: head.number + 1,
      firstPosition: head.position + 1,
      lastPosition: head.position + ready.length,
      epoch,
      xid,
      sequence,
      merkleRoot: merkleRoot(leaves),
      previousHash: head.hash,
      sealedAt: last.clock,
    }
    const hash = sealHash(content)
    const signature = await this.signer.sign(hash)
    const { rowCount } = await this.pool.query({
      name: 'write-seal',
      text: WRITE_SEAL,
      values: [
        content.number,
        content.firstPosition,
        content.lastPosition,
        epoch,
        xid,
        sequence,
        Buffer.concat(leaves),
        content.merkleRoot,
        content.previousHash,
        content.sealedAt,
        hash,
        this.signer.keyId,
        signature,
      ],
    })
    if (rowCount === 0) throw new SealedElsewhere()
    return { number: content.number, position: content.lastPosition, hash, epoch, xid, sequence }
  }
}

/** The log does not end where it did: another process has sealed in the meantime, or another database took over. The next call continues from its end. */
export class SealedElsewhere extends Error {}

interface Ready {
  hash: Buffer
  epoch: number
  xid: string
  sequence: number
  clock: Date
}

/**
 * A transaction below the snapshot's xmin is finished, and none will appear there any more.
 * Events of an earlier epoch come from a cluster that is gone: all of them are finished.
 */
const READY_TO_SEAL = `
  select hash, epoch, xid, sequence, clock_timestamp() as clock
  from events
  where (epoch, xid, sequence) > ($1, $2::xid8, $3)
    and (epoch < (select max(epoch) from epochs) or xid < pg_snapshot_xmin(pg_current_snapshot()))
  order by epoch, xid, sequence
  limit $4`

/** Nothing where the seal before is not there. */
const WRITE_SEAL = `
  insert into seals (number, first_position, last_position, epoch, xid, sequence, leaves, merkle_root, previous_hash, sealed_at, hash, key_id, signature)
  select $1::bigint, $2, $3, $4, $5, $6, $7, $8, $9::bytea, $10, $11, $12, $13
  where $1::bigint = 1 or exists (select from seals where number = $1::bigint - 1 and hash = $9::bytea)`
