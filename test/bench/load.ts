import { elapse } from './clock.js'
import type { Figures, Pace } from './row.js'

/** Who spends CPU time; each answers all of its so far, in µs, or undefined where that cannot be known. */
export interface Meters {
  readonly service?: Meter
  readonly background?: Meter
  readonly database?: Meter
}
type Meter = () => Promise<number | undefined> | number

/** The CPU time of this process: the service's, and that of the callers it plays. */
export function ownCpu(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** What happens when the window of measurement opens and closes. */
export interface Watch {
  open(): void
  close(): void
}

/**
 * Callers that each do one operation after the other, without a pause. Those that end in the window after the warm-up count.
 * Errors: the first that an operation throws; all callers have stopped then.
 */
export async function load(pace: Pace, meters: Meters, callers: number, operation: (caller: number) => Promise<unknown>, watch?: Watch): Promise<Figures> {
  const took: number[] = []
  let counting = false
  let stopped = false
  const call = async (caller: number): Promise<void> => {
    while (!stopped) {
      const began = performance.now()
      await operation(caller)
      if (counting) took.push(performance.now() - began)
    }
  }
  const calls = Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)))
  const elapsed = (seconds: number): Promise<unknown> => Promise.race([elapse(seconds * 1000), calls])
  try {
    await elapsed(pace.warmUpSeconds)
    const before = await read(meters)
    const opened = performance.now()
    watch?.open()
    counting = true
    await elapsed(pace.seconds)
    counting = false
    watch?.close()
    const ms = performance.now() - opened
    const after = await read(meters)
    return { perSecond: (took.length * 1000) / ms, ...percentiles('p50', 'p99', took), ...spent(before, after, took.length) }
  } finally {
    stopped = true
    await calls.catch(() => undefined)
  }
}

/** Median and 99th percentile under two names; nothing of nothing. */
export function percentiles<A extends string, B extends string>(median: A, high: B, values: readonly number[]): Partial<Record<A | B, number>> {
  if (values.length === 0) return {}
  const sorted = Float64Array.from(values).sort()
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
  return { [median]: at(0.5), [high]: at(0.99) } as Record<A | B, number>
}

type Readings = Readonly<Record<keyof Meters, number | undefined>>

/** All at the same time, as near as can be. */
export async function read({ service, background, database }: Meters): Promise<Readings> {
  const [a, b, c] = await Promise.all([service?.(), background?.(), database?.()])
  return { service: a, background: b, database: c }
}

/** CPU per operation between two readings. */
export function spent(before: Readings, after: Readings, operations: number): Figures {
  const of = (who: keyof Meters): number | undefined => {
    const [from, to] = [before[who], after[who]]
    return from === undefined || to === undefined || operations === 0 ? undefined : (to - from) / operations
  }
  const [service, background, database] = [of('service'), of('background'), of('database')]
  return {
    ...(service !== undefined && { serviceMicros: service }),
    ...(background !== undefined && { backgroundMicros: background }),
    ...(database !== undefined && { databaseMicros: database }),
  }
}
