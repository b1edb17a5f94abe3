import { ServiceUnavailableException } from '@nestjs/common'
import { createServer } from 'node:net'
import pg from 'pg'
import { createPool } from '../../src/database/pool.js'
import { HealthController } from '../../src/http/health.controller.js'
import { databaseUrl } from '../support/own-database.js'
import { shortest } from '../support/eventually.js'

const pools: pg.Pool[] = []
const health = (url: string): HealthController => new HealthController(pools[pools.push(createPool(url, 2)) - 1]!)
const refusal = async (url: string): Promise<unknown> => {
  const error: unknown = await health(url)
    .ready()
    .catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ServiceUnavailableException)
  return (error as ServiceUnavailableException).getResponse()
}

afterAll(() => Promise.all(pools.map((pool) => pool.end())))

test('is ready with a database that is migrated, and stays so', async () => {
  const controller = health(databaseUrl)
  expect(await controller.ready()).toEqual({ status: 'ready' })
  expect(await controller.ready()).toEqual({ status: 'ready' })
})

test('is not ready while a migration is missing', async () => {
  const { host, user } = new pg.Client(databaseUrl)
  expect(await refusal(`postgres://${user}@${encodeURIComponent(host)}/postgres`)).toEqual({ status: 'unavailable', database: 'not migrated' })
})

test('is not ready without its database', async () => {
  expect(await refusal('postgres://u@%2Fnowhere/x')).toEqual({ status: 'unavailable', database: 'unreachable' })
})

test('answers within a second or so although the database does not', async () => {
  const silent = createServer()
  await new Promise<void>((done) => silent.listen(0, done))
  const { port } = silent.address() as { port: number }
  const refusing = async (): Promise<number> => {
    const started = performance.now()
    expect(await refusal(`postgres://u@localhost:${port}/x`)).toEqual({ status: 'unavailable', database: 'late' })
    return performance.now() - started
  }
  expect(await shortest(3000, refusing)).toBeLessThan(3000)
  silent.close()
})
