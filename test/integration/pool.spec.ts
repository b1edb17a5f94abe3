import type pg from 'pg'
import { createPool } from '../../src/database/pool.js'
import { migrate } from '../../src/database/migrate.js'
import { freshDatabase } from '../support/database.js'

let pool: pg.Pool
beforeAll(async () => {
  const databaseUrl = await freshDatabase()
  await migrate(databaseUrl)
  pool = createPool(databaseUrl, 1)
})
afterAll(() => pool.end())

test('no statement starts parallel workers, whatever PostgreSQL expects of them', async () => {
  await pool.query('set debug_parallel_query = on')
  const { rows } = await pool.query<{ 'QUERY PLAN': string }>('explain select type from events order by epoch, xid, sequence')
  expect(rows.map((row) => row['QUERY PLAN']).join('\n')).not.toContain('Gather')
})
