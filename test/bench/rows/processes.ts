import { elapse } from '../clock.js'
import { Instance } from '../http/instance.js'
import { httpSeed } from '../http/seed.js'
import type { Bench, Figures, Group, Ratio, Row } from '../row.js'

const START = 'start, database present'
const REST = 'an HTTP worker at rest'

/** design.md §5. */
const START_MS = 3000
const REST_MEGABYTES = 200

/** After it has become ready a process still tidies up. */
const REST_AFTER_MS = 3000

export const processes: Group = {
  name: 'processes',
  about:
    'The service with two HTTP workers and the background process, on a migrated database: from the start of its first process until all say that they are ready, ' +
    'and the resident memory of the larger worker before its first request.',
  rows: [row(START, ({ startMs }) => ({ startMs })), row(REST, restOf)],
  ratios: (results) => [under(START, results(START, 0)?.startMs, START_MS, 'ms'), under(REST, results(REST, 0)?.residentMegabytes, REST_MEGABYTES, 'MB')],
}

function row(name: string, look: (instance: Instance) => Figures | Promise<Figures>): Row {
  const measure = async (bench: Bench): Promise<Figures> =>
    bench.cluster.onCopy(await httpSeed(bench), async (url) => {
      const instance = await Instance.start(url, bench.cluster.scratch)
      try {
        return await look(instance)
      } finally {
        await instance.stop()
      }
    })
  return { name, callers: 0, background: false, measure }
}

async function restOf(instance: Instance): Promise<Figures> {
  await elapse(REST_AFTER_MS)
  const workers = await instance.processes('http')
  return workers ? { residentMegabytes: Math.max(...workers.map(({ residentBytes }) => residentBytes)) / 2 ** 20 } : {}
}

function under(what: string, value: number | undefined, limit: number, unit: string): Ratio {
  if (value === undefined) return { what, value: 'not measured' }
  return { what, value: `${value.toFixed(0)} ${unit}`, goal: `< ${limit} ${unit}`, met: value < limit }
}
