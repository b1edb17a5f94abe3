import type pg from 'pg'
import { holdsUpAll, isConnectionError } from '../database/errors.js'
import type { Companion } from './event.js'
import { SharedStatements } from './shared-statements.js'

/** A stream's row as one moment saw it, with the database's clock; all but the clock are null where there is no such stream. */
export interface StreamRow {
  readonly id: string
  readonly clock: Date
  readonly version: number | null
  readonly head_hash: Buffer | null
  readonly state: unknown
  readonly state_version: number | null
  readonly last_at: Date | null
  readonly companion: unknown
}

const MAX_BATCH = 32

/** Shares one statement between the reads that wait at the same time, at most 32 streams a statement. */
export class ReadQueue {
  readonly #lanes = new Map<string, Lane>()

  constructor(private readonly pool: pg.Pool) {}

  /** The row as it is after this call. Errors: the database's. */
  read(streamId: string, companion?: Companion): Promise<StreamRow> {
    const name = companion?.name ?? ''
    let lane = this.#lanes.get(name)
    if (!lane) this.#lanes.set(name, (lane = new Lane(this.pool, companion)))
    return lane.read(streamId)
  }
}

/** Reads with one companion. */
class Lane {
  readonly #statements = new SharedStatements<Waiting>(
    (waiting) => waiting.splice(0, MAX_BATCH),
    (batch) => this.#ask(batch),
  )

  constructor(
    private readonly pool: pg.Pool,
    private readonly companion: Companion | undefined,
  ) {}

  read(streamId: string): Promise<StreamRow> {
    return new Promise((resolve, reject) => this.#statements.add({ streamId, resolve, reject }))
  }

  async #ask(batch: readonly Waiting[]): Promise<void> {
    try {
      const ids = [...new Set(batch.map(({ streamId }) => streamId))]
      const { rows } = await this.pool.query<StreamRow>({ ...readStreams(this.companion), values: [ids] })
      const found = new Map(rows.map((row) => [row.id, row]))
      for (const { streamId, resolve } of batch) resolve(found.get(streamId)!)
    } catch (error) {
      if (batch.length === 1 || isConnectionError(error) || holdsUpAll(error)) for (const { reject } of batch) reject(error)
      // One id that the database refuses must not fail the others.
      else for (const member of batch) await this.#ask([member])
    }
  }
}

interface Waiting {
  readonly streamId: string
  readonly resolve: (row: StreamRow) => void
  readonly reject: (error: unknown) => void
}

/** The statement that reads rows by their ids, with the clock, and the companion if there is one. */
export const readStreams = (companion?: Companion): { name: string; text: string } => ({
  name: companion ? `read-streams-${companion.name}` : 'read-streams',
  text: `
    select wanted.id, clock_timestamp() as clock, s.version, s.head_hash, s.state, s.state_version, s.last_at, (${companion?.sql ?? 'null'}) as companion
    from unnest($1::text[]) as wanted(id) left join streams s on s.id = wanted.id`,
})
