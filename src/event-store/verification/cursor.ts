import type pg from 'pg'

/**
 * Reads a query's rows page by page, in the order of the query, without holding more than a page.
 * Needs an open transaction; several cursors may be read in turn on one connection.
 */
export async function* cursorPages<R extends pg.QueryResultRow>(
  db: pg.ClientBase,
  name: string,
  pageRows: number,
  query: string,
  values: readonly unknown[] = [],
): AsyncGenerator<R[], undefined> {
  await db.query(`declare ${name} no scroll cursor for ${query}`, [...values])
  for (;;) {
    const { rows } = await db.query<R>(`fetch ${pageRows} from ${name}`)
    if (rows.length > 0) yield rows
    if (rows.length < pageRows) break
  }
  await db.query(`close ${name}`)
}

/** Lets the planner stream large tables in index order instead of sorting them whole; for the rest of the transaction. */
export const streamInOrder = (db: pg.ClientBase): Promise<unknown> =>
  db.query(
    'set local enable_seqscan = off; set local enable_sort = off; set local enable_hashjoin = off; set local enable_mergejoin = off; set local jit = off',
  )

/** Takes back `streamInOrder`. */
export const planFreely = (db: pg.ClientBase): Promise<unknown> =>
  db.query('set local enable_seqscan = on; set local enable_sort = on; set local enable_hashjoin = on; set local enable_mergejoin = on')

/** Rows out of pages, as far as they are asked for. */
export class Pages<R extends object> {
  readonly #pages: AsyncIterator<R[], undefined>
  #page: R[] = []
  #taken = 0

  constructor(pages: AsyncIterable<R[], undefined>) {
    this.#pages = pages[Symbol.asyncIterator]()
  }

  /** The next row without taking it; undefined at the end. */
  async peek(): Promise<R | undefined> {
    while (this.#taken === this.#page.length) {
      const { value, done } = await this.#pages.next()
      if (done) return undefined
      this.#page = value
      this.#taken = 0
    }
    return this.#page[this.#taken]
  }

  async next(): Promise<R | undefined> {
    const row = await this.peek()
    if (row !== undefined) this.#taken++
    return row
  }

  /** Takes rows up to the first that is not wanted, across pages, at most `limit`. */
  async takeWhile(wanted: (row: R) => boolean, limit = Infinity): Promise<R[]> {
    const taken: R[] = []
    // Awaits once a page only: most of the log goes through here.
    for (
      let row: R | undefined = await this.peek();
      row !== undefined && taken.length < limit && wanted(row);
      row = this.#page[this.#taken] ?? (await this.peek())
    ) {
      taken.push(row)
      this.#taken++
    }
    return taken
  }
}
