import { readFileSync } from 'node:fs'

/** What a process uses at this moment. */
export interface Usage {
  readonly residentMb: number
  /** Since it started. */
  readonly cpuMs: number
}

/** Pages of 4 KB and ticks of 10 ms: so on every platform that the engine is built for. */
const PAGES_PER_MB = 256
const MS_PER_TICK = 10

/** From /proc, some 10 µs; undefined where there is none or the process has gone. */
export function usageOf(pid: number): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field, in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK, residentMb: Number(fields[21]) / PAGES_PER_MB }
  } catch {
    return undefined
  }
}
