import { BackgroundWorker } from '../../src/event-store/background-worker.js'
import { misplacedReaderCount } from '../../src/event-store/event-store.metrics.js'
import { rowProjection, type Projection } from '../../src/event-store/projection.js'
import { LogKey } from '../../src/keys/log-key.js'
import { counter, type CounterEvent } from '../support/counter.js'
import { eventually } from '../support/eventually.js'
import { LogFixture } from './log-fixture.js'

const COUNTS = rowProjection<CounterEvent, { id: string }>({
  name: 'counts',
  table: 'counts',
  key: 'id',
  columns: ['id'],
  upcasters: counter.upcasters,
  keyOf: ({ streamId }) => streamId,
  evolve: (_, { streamId }) => ({ id: streamId }),
}) as Projection

let log: LogFixture
let background: BackgroundWorker
const errors: unknown[] = []
beforeAll(async () => {
  log = await LogFixture.withLog()
  await log.intruder.query('create table counts (id text primary key); grant all on counts to evergrant_app')
  const signer = await LogKey.load(log.pool, log.rootKeys)
  background = new BackgroundWorker(log.pool, signer, [COUNTS], [], { warn: () => undefined, error: (message, detail) => errors.push([message, detail]) })
  background.start()
})
afterAll(async () => {
  await background.stop()
  await log.close()
})

const misplaced = async (): Promise<number> => (await misplacedReaderCount.get()).values[0]!.value
const position = async (): Promise<number> =>
  (await log.intruder.query<{ position: string }>('select position from checkpoints')).rows.map((row) => Number(row.position))[0]!

it('a reader that somebody moved ahead of the log is said to miss events, once, and counted until it is back', async () => {
  await eventually(async () => (await position()) === 13)
  expect(await misplaced()).toBe(0)
  await log.intruder.query('update checkpoints set position = position + 100000')
  await eventually(async () => (await misplaced()) === 1)
  expect(errors).toEqual([['the reader counts stands at position 100013, but the newest seal ends at 13: it misses events', { reader: 'counts' }]])
  await log.intruder.query('update checkpoints set position = position - 100000')
  await eventually(async () => (await misplaced()) === 0)
  expect(errors).toHaveLength(1)
})
