import type { INestApplicationContext } from '@nestjs/common'
import pg from 'pg'
import { before, CatchUp } from '../../src/event-store/catch-up.js'
import type { Mark } from '../../src/event-store/event.js'
import { projections } from '../../src/projections.js'
import { Background } from './background.js'
import { elapse } from './clock.js'
import type { Template } from './cluster.js'
import { LagWatch } from './lag.js'
import { load, type Meters, ownCpu } from './load.js'
import type { Bench, Figures } from './row.js'
import { configOf, startService } from './service.js'

/** A backlog of seeded events may take that long. */
const CATCH_UP_MS = 300_000
/** Several turns of every reader. */
const TURNS_MS = 200

/** The service in this process, over a database of the row's own. */
export interface Scene {
  readonly url: string
  readonly service: INestApplicationContext
  /** Puts callers to work and measures them; lags too where the background runs. */
  measure(callers: number, operation: (caller: number) => Promise<unknown>): Promise<Figures>
}

/** Runs `work` on a copy of the template; with `background` what seals, projects and reacts is at work and has nothing left to do. */
export const inScene = (bench: Bench, template: Template<unknown>, background: boolean, work: (scene: Scene) => Promise<Figures>): Promise<Figures> =>
  bench.cluster.onCopy(template, async (url) => {
    const service = await startService(configOf(url))
    const beside = background ? await Background.start(url).catch(closeAfter(service)) : undefined
    const lags = beside && new LagWatch(url, PROJECTIONS)
    const meters: Meters = { service: ownCpu, database: bench.cluster.cpu, ...(beside && { background: beside.cpu }) }
    try {
      if (beside) await allCaughtUp(service)
      return await work({
        url,
        service,
        measure: async (callers, operation) => {
          const figures = { ...(await load(bench.pace, meters, callers, operation, lags)), ...(await lags?.figures()) }
          await refuseFailedEvents(service)
          return figures
        },
      })
    } finally {
      await lags?.stop()
      await beside?.stop()
      await service.close()
    }
  })

/** Seals and reads all of a log, so that copies of it start with nothing to do. */
export async function settle(url: string, service: INestApplicationContext): Promise<void> {
  const background = await Background.start(url)
  try {
    await allCaughtUp(service)
  } finally {
    await background.stop()
  }
}

const PROJECTIONS = projections.map(({ name }) => name)

/** Readers make their checkpoints as they start: two looks in which all stand at the log's end, some turns apart, miss none. */
async function allCaughtUp(service: INestApplicationContext): Promise<void> {
  const end = performance.now() + CATCH_UP_MS
  for (let looks = 0; looks < 2;) {
    if (performance.now() > end) throw new Error(`the log has not been read in ${CATCH_UP_MS / 1000} s`)
    looks = (await haveAllPassed(service)) ? looks + 1 : 0
    await elapse(TURNS_MS)
  }
}

async function haveAllPassed(service: INestApplicationContext): Promise<boolean> {
  const mark = await service.get(CatchUp).mark()
  const { rows } = await service.get(pg.Pool).query<Mark & { name: string }>('select name, epoch, xid, sequence from checkpoints')
  const passed = new Set(rows.filter((checkpoint) => !mark || !before(checkpoint, mark)).map(({ name }) => name))
  return passed.size === rows.length && PROJECTIONS.every((name) => passed.has(name))
}

/** An event that a reader gave up on cost it something else than its work. */
async function refuseFailedEvents(service: INestApplicationContext): Promise<void> {
  const { rows } = await service.get(pg.Pool).query<{ projection: string; error: string }>('select projection, error from failed_events limit 1')
  if (rows[0]) throw new Error(`${rows[0].projection} could not handle an event: ${rows[0].error}`)
}

const closeAfter =
  (service: INestApplicationContext) =>
  async (error: unknown): Promise<never> => {
    await service.close()
    throw error
  }
