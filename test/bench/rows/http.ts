import { askOverHttp } from '../http/generator.js'
import { Floor } from '../http/floor.js'
import { Instance } from '../http/instance.js'
import { afterCrowd, type Question } from '../http/question.js'
import { clientCredentials, exchange, floorExchange, introspect, list, revoke } from '../http/questions.js'
import { type HttpSeed, httpSeed } from '../http/seed.js'
import { type Bench, CALLERS, type Figures, type Group, type Ratio, type Results, type Row } from '../row.js'

const FLOOR = 'raw server (the floor)'
const ROTATING = 'exchange, rotating'
const FIXED = 'exchange, non-rotating'

/** design.md §5: of the floor's exchanges a second; CPU of service and database for one; its p99 beside the floor's. */
const SHARE = 0.75
const BUDGET_MICROS = 1250
const SLOWER = 1.3

export const http: Group = {
  name: 'http',
  about:
    'Whole requests over kept-alive connections to `node main.js` with two HTTP workers, request limits counting, log lines to a file, beside its background process at work. ' +
    'Before each row a crowd of 32 warms the server, with 20,000 answers or for 20 s. An exchange answers an access token and an ID token, both RS256, and the callers follow the rotation. ' +
    'The raw server is `node:http` with two workers: it makes the same two signatures and the same batched append, answers as much, and checks, reads and projects nothing.',
  rows: CALLERS.flatMap((callers) => [
    row(FLOOR, callers, measureFloor),
    row(ROTATING, callers, ofService(exchange('rotating'))),
    row(FIXED, callers, ofService(exchange('fixed'))),
    row('revoke', callers, ofService(revoke)),
    row('introspect a refresh token', callers, ofService(introspect)),
    row('client_credentials', callers, ofService(clientCredentials)),
    row("list of a user's five tokens", callers, ofService(list)),
  ]),
  ratios: (results) => [...[ROTATING, FIXED].flatMap((name) => againstFloor(name, results)), ...[ROTATING, FIXED].map((name) => budget(name, results))],
}

type Measure = (bench: Bench, url: string, seed: HttpSeed, callers: number) => Promise<Figures>

/** The floor has no background: it would have nothing to do that the floor is measured for. */
function row(name: string, callers: number, measure: Measure): Row {
  return {
    name,
    callers,
    background: name !== FLOOR,
    measure: async (bench) => {
      const template = await httpSeed(bench)
      return bench.cluster.onCopy(template, (url) => measure(bench, url, template.content, callers))
    },
  }
}

async function measureFloor({ cluster, pace }: Bench, url: string, seed: HttpSeed, callers: number): Promise<Figures> {
  const floor = await Floor.start(url, seed)
  try {
    return await askOverHttp(pace, { service: floor.cpu, database: cluster.cpu }, { port: floor.port, ...afterCrowd(floorExchange(seed), callers) })
  } finally {
    await floor.stop()
  }
}

/** `ask` may use the service to find out what to ask. */
function ofService(ask: (seed: HttpSeed, instance: Instance) => Question | Promise<Question>): Measure {
  return async ({ cluster, pace }, url, seed, callers) => {
    const instance = await Instance.start(url, cluster.scratch)
    try {
      const question = await ask(seed, instance)
      const meters = { service: instance.cpu, background: instance.backgroundCpu, database: cluster.cpu }
      return await askOverHttp(pace, meters, { port: instance.port, ...afterCrowd(question, callers) })
    } finally {
      await instance.stop()
    }
  }
}

function againstFloor(name: string, results: Results): Ratio[] {
  return CALLERS.flatMap((callers) => {
    const [reached, floor] = [results(name, callers, true), results(FLOOR, callers)]
    const ratio = (figure: 'perSecond' | 'p99'): number | undefined => reached?.[figure] && floor?.[figure] && reached[figure] / floor[figure]
    const [share, slower] = [ratio('perSecond'), ratio('p99')]
    return [
      { what: `${name} ÷ floor, requests/s, ${callers} callers`, ...judged(share, callers === 32 && name === ROTATING, `≥ ${SHARE}`, (is) => is >= SHARE) },
      { what: `${name} ÷ floor, p99, ${callers} callers`, ...judged(slower, callers === 32 && name === ROTATING, `≤ ${SLOWER}`, (is) => is <= SLOWER) },
    ]
  })
}

function judged(value: number | undefined, counts: boolean, goal: string, isMet: (value: number) => boolean): Omit<Ratio, 'what'> {
  if (value === undefined) return { value: 'not measured' }
  return { value: value.toFixed(2), ...(counts && { goal, met: isMet(value) }) }
}

function budget(name: string, results: Results): Ratio {
  const what = `CPU of one ${name}, 32 callers: service and database`
  const { serviceMicros, databaseMicros, backgroundMicros } = results(name, 32, true) ?? {}
  if (serviceMicros === undefined || databaseMicros === undefined || backgroundMicros === undefined) return { what, value: 'not measured' }
  const micros = serviceMicros + databaseMicros
  const value = `${micros.toFixed(0)} µs, and ${backgroundMicros.toFixed(0)} µs of the background process`
  return { what, value, goal: `≤ ${BUDGET_MICROS} µs`, met: micros <= BUDGET_MICROS }
}
