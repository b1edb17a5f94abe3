import { jest } from '@jest/globals'
import type pg from 'pg'
import { createPool } from '../../src/database/pool.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { add, counter } from '../support/counter.js'
import { databaseUrl } from '../support/own-database.js'
import { type FlakyProxy, flakyProxy } from '../support/flaky-proxy.js'

let proxy: FlakyProxy
let pool: pg.Pool
let store: EventStore

beforeAll(async () => {
  proxy = await flakyProxy(databaseUrl)
  pool = createPool(proxy.url, 4)
  store = new EventStore(pool)
})
afterAll(async () => {
  await pool.end()
  await proxy.close()
})

it('recognises its own append when the answer to it was lost, and does nothing twice', async () => {
  let decisions = 0
  await store.transact(counter, 'a', add('before'))
  proxy.loseAnswerTo('"by":"lost"'.replaceAll('"', '\\"'))
  const { result, mark } = await store.transact(counter, 'a', (state) => {
    decisions++
    return { events: [{ type: 'Added' as const, data: { by: 'lost' } }], result: state.count + 1 }
  })
  expect({ result, decisions, lost: proxy.lost }).toEqual({ result: 2, decisions: 1, lost: 1 })
  expect(mark).toBeDefined()
  expect(await store.read(counter, 'a')).toMatchObject({ version: 2, state: { count: 2, last: 'lost' } })
})

it('also when many shared the statement', async () => {
  proxy.loseAnswerTo('\\"by\\":\\"c7\\"')
  const results = await Promise.all(Array.from({ length: 20 }, (_, n) => store.transact(counter, `many-${n}`, add(`c${n}`))))
  expect(results.map(({ result }) => result)).toEqual(Array.from({ length: 20 }, () => 1))
  expect(proxy.lost).toBe(2)
})

it('also when tables changed with it', async () => {
  proxy.loseAnswerTo('commit')
  const { result } = await store.transact(counter, 'with', add('x'), {}, (db) =>
    db.query(`insert into leases values ('with', 'h', now())`).then(() => undefined),
  )
  expect(result).toBe(1)
  expect(proxy.lost).toBe(3)
  expect((await pool.query(`select 1 from leases where name = 'with'`)).rowCount).toBe(1)
  expect(await store.read(counter, 'with')).toMatchObject({ version: 1 })
})

it.each([1, 2, 3])('also when it is committed only after some further questions: %i', async (questions) => {
  const id = `late-${questions}`
  await store.transact(counter, id, add('before'))
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>
  let late: unknown
  let left = questions
  const spy = jest.spyOn(pool, 'query').mockImplementation((async (statement: { name?: string }, ...rest: unknown[]) => {
    if (late === undefined && statement.name === 'append') {
      late = statement
      throw new Error('Connection terminated unexpectedly')
    }
    const answer = await query(statement, ...rest)
    if (late !== undefined && --left === 0) await query(late)
    return answer
  }) as never)
  const seen: number[] = []
  const { result } = await store.transact(counter, id, (state) => {
    seen.push(state.count)
    return add('late')(state)
  })
  spy.mockRestore()
  expect({ result, seen: new Set(seen) }).toEqual({ result: 2, seen: new Set([1]) })
  expect(await store.read(counter, id)).toMatchObject({ version: 2, state: { count: 2, last: 'late' } })
})
