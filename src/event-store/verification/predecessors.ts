import type pg from 'pg'
import { before } from '../catch-up.js'
import type { Mark } from '../event.js'
import { ZERO_HASH } from '../hashes.js'

export interface EventRow extends Mark {
  stream_id: string
  version: number
  type: string
  schema_version: number
  data: string
  metadata: string
  hash: Buffer
  micros: number
}

/** Streams whose newest hash is remembered, about 30 MB; others are looked up. */
const REMEMBERED = 100_000

/** The hashes that events chain to, for events given in log order: what a stream's event before had, if it stands earlier in the log. */
export class Predecessors {
  readonly #newest = new Map<string, { version: number; hash: Buffer }>()

  constructor(private readonly db: pg.ClientBase) {}

  /** For each row of the page its previous hash, or why there is none. */
  async of(page: readonly EventRow[]): Promise<{ previous: Buffer | undefined; flaw?: string }[]> {
    const previous = page.map((row) => {
      const known = this.#newest.get(row.stream_id)
      this.#remember(row)
      if (row.version === 1) return ZERO_HASH
      return known?.version === row.version - 1 ? known.hash : undefined
    })
    const unknown = page.filter((_, n) => !previous[n])
    const found = unknown.length > 0 ? await this.#lookUp(unknown) : new Map<string, Found[]>()
    return page.map((row, n) => {
      if (previous[n]) return { previous: previous[n] }
      const candidates = found.get(key(row.stream_id, row.version - 1))
      const earlier = candidates?.find((candidate) => before(candidate, row))
      if (earlier) return { previous: earlier.hash }
      const what = `its predecessor, version ${row.version - 1},`
      return { previous: undefined, flaw: candidates ? `event was moved: ${what} stands later in the log` : `${what} is missing` }
    })
  }

  /** A map keeps the order of insertion, so its first stream is the one that was quiet for longest. */
  #remember({ stream_id, version, hash }: EventRow): void {
    this.#newest.delete(stream_id)
    // A copy: small buffers share memory with their neighbours, here the whole page.
    this.#newest.set(stream_id, { version, hash: Buffer.from(hash) })
    if (this.#newest.size > REMEMBERED) this.#newest.delete(this.#newest.keys().next().value!)
  }

  async #lookUp(rows: readonly EventRow[]): Promise<Map<string, Found[]>> {
    const { rows: found } = await this.db.query<Found>({
      name: 'log-predecessors',
      text: `
        select e.stream_id, e.version, e.hash, e.epoch, e.xid, e.sequence
        from unnest($1::text[], $2::int[]) as wanted(stream_id, version) join events e using (stream_id, version)`,
      values: [rows.map((row) => row.stream_id), rows.map((row) => row.version - 1)],
    })
    const byPlace = new Map<string, Found[]>()
    for (const row of found) byPlace.set(key(row.stream_id, row.version), [...(byPlace.get(key(row.stream_id, row.version)) ?? []), row])
    return byPlace
  }
}

interface Found extends Mark {
  stream_id: string
  version: number
  hash: Buffer
}

const key = (streamId: string, version: number): string => `${version} ${streamId}`
