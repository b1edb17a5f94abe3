import fc from 'fast-check'
import type { Op, Settings } from './line-model.js'
import { type Choice, CLIENTS, History, type Step, USERS } from './login-history.js'
import { tryHistories } from './try-histories.js'
import { type TwoWorkers, twoWorkers } from './two-workers.js'

const SECONDS = 8

/*
 * Random histories of logins: exchanges, retries, lost answers, revocations of one and of many, metadata, settings, clock steps, users blocked and
 * deleted, workers killed and restarted, some of it at once, on two workers with connections of their own. After each step the service must have
 * answered as the model does (line-model.ts), for steps at once in some order of them; at the end its streams must say so too.
 */

let service: TwoWorkers
let runs = 0
beforeAll(async () => {
  service = await twoWorkers()
})
afterAll(() => service.close())

const settings: fc.Arbitrary<Settings> = fc.record({
  rotating: fc.boolean(),
  leeway: fc.constantFrom(0, 10, 30),
  absolute: fc.constantFrom(null, 60, 600),
  idle: fc.constantFrom(null, 30, 120),
})
const choice = (op: fc.Arbitrary<Op['do']>): fc.Arbitrary<Choice> =>
  fc.record({
    op,
    line: fc.nat(2),
    back: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat(4) }),
    key: fc.nat(2),
    foreign: fc.integer({ min: 0, max: 11 }).map((n) => n === 0),
    worker: fc.nat(1),
  })
const anyOp = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Op['do']>('exchange') },
  { weight: 2, arbitrary: fc.constant<Op['do']>('metadata') },
  { weight: 1, arbitrary: fc.constantFrom<Op['do']>('revoke', 'end user', 'end user at client') },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('at once' as const), ops: fc.array(choice(anyOp), { minLength: 1, maxLength: 1 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('at once' as const), ops: fc.array(choice(anyOp), { minLength: 2, maxLength: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('log in' as const), client: fc.nat(CLIENTS - 1), user: fc.nat(USERS - 1), key: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('settings' as const), client: fc.nat(CLIENTS - 1), settings }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('clock' as const),
      ms: fc.oneof(fc.integer({ min: -20_000, max: 40_000 }), fc.constantFrom(10_000, 10_001, 30_000)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('user' as const),
      user: fc.nat(USERS - 1),
      to: fc.constantFrom('fine' as const, 'blocked' as const, 'deleted' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), worker: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('killed' as const), line: fc.nat(2) }) },
)

it('answers every history of logins as the model does', async () => {
  const settingsOfClients = fc.array(settings, { minLength: CLIENTS, maxLength: CLIENTS })
  const steps = fc.array(step, { minLength: 5, maxLength: 40 })
  const histories = (isOver: () => boolean) =>
    fc.asyncProperty(settingsOfClients, steps, async (initial, played) => {
      if (!isOver()) await new History(service, runs++, initial).play(played)
    })
  await tryHistories(histories, { atMost: 400, seconds: SECONDS })
})
