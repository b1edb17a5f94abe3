import { randomUUID } from 'node:crypto'
import type pg from 'pg'

/** After this long without renewal another process takes over. */
export const LEASE_SECONDS = 3

/**
 * Says which process does the work that one process should do. It saves double work and is no lock:
 * what it guards must be right even when two hold it for a moment.
 */
export class Lease {
  readonly #holder = randomUUID()

  constructor(
    private readonly pool: pg.Pool,
    private readonly name: string,
  ) {}

  /** Takes or renews the lease, by the database's clock; false when another process holds it. One that ends later than it can is from before that clock was set back. */
  async hold(): Promise<boolean> {
    const { rowCount } = await this.pool.query({
      name: 'hold-lease',
      text: `
        insert into leases (name, holder, expires_at) values ($1, $2, clock_timestamp() + make_interval(secs => $3))
        on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
        where leases.holder = excluded.holder
          or leases.expires_at not between clock_timestamp() and clock_timestamp() + make_interval(secs => $3)`,
      values: [this.name, this.#holder, LEASE_SECONDS],
    })
    return rowCount === 1
  }

  /** Lets the next process take over at once. */
  async release(): Promise<void> {
    await this.pool.query('delete from leases where name = $1 and holder = $2', [this.name, this.#holder])
  }
}
