import { createPool } from '../../src/database/pool.js'
import { Lease, LEASE_SECONDS } from '../../src/event-store/lease.js'
import { databaseUrl } from '../support/own-database.js'

const pool = createPool(databaseUrl, 2)
afterAll(() => pool.end())

const moved = (interval: string): Promise<unknown> => pool.query('update leases set expires_at = clock_timestamp() + $1::interval', [interval])

it('goes to another process once it was not renewed, and no sooner', async () => {
  const [one, other] = [new Lease(pool, 'work'), new Lease(pool, 'work')]
  expect([await one.hold(), await other.hold(), await one.hold()]).toEqual([true, false, true])
  await moved('-1 ms')
  expect([await other.hold(), await one.hold()]).toEqual([true, false])
  await other.release()
  expect(await one.hold()).toBe(true)
})

it('lasts no longer when the clock of the database is set back', async () => {
  const dead = new Lease(pool, 'work')
  await dead.hold()
  await moved('1 day')
  expect(await new Lease(pool, 'work').hold()).toBe(true)
  await moved(`${LEASE_SECONDS - 1} s`)
  expect(await new Lease(pool, 'work').hold()).toBe(false)
})
