import type { TestApp } from './app.js'

/** While this runs nothing is sealed, so that lists and reactors stand still: somebody holds a writing transaction open. */
export async function stalled<T>({ pool }: TestApp, work: () => Promise<T>): Promise<T> {
  const db = await pool.connect()
  try {
    await db.query('begin')
    await db.query('select pg_current_xact_id()')
    return await work()
  } finally {
    await db.query('rollback')
    db.release()
  }
}
