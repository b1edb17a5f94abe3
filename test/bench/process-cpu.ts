import { readdir, readFile } from 'node:fs/promises'

/** Linux tells times in hundredths of a second, whatever its clock, and memory in pages of this size. */
const MICROS_PER_TICK = 10_000
const BYTES_PER_PAGE = 4096

/** CPU time of one running process in µs; undefined where there is no /proc. */
export const cpuOfProcess = async (pid: number): Promise<number | undefined> => (await statOf(pid))?.own

/**
 * CPU time in µs of a process, of its children, and of the children that have ended (the process has waited for them).
 * For the postmaster that is all of the server. Undefined where there is no /proc.
 */
export async function cpuOfTree(pid: number): Promise<number | undefined> {
  const root = await statOf(pid)
  if (!root) return undefined
  return (await childrenOf(pid)).reduce((sum, child) => sum + child.own, root.own + root.ended)
}

/** A process of ours: what it was started with, its CPU time, its resident memory. */
export interface OwnedProcess {
  readonly environment: Readonly<Record<string, string>>
  readonly cpuMicros: number
  readonly residentBytes: number
}

/** A process of this user and its children; undefined where there is no /proc. */
export async function processesOf(pid: number): Promise<OwnedProcess[] | undefined> {
  const root = await statOf(pid)
  if (!root) return undefined
  const all = [root, ...(await childrenOf(pid))]
  return Promise.all(all.map(async (stat) => ({ environment: await environmentOf(stat.pid), cpuMicros: stat.own, residentBytes: stat.residentBytes })))
}

interface Stat {
  readonly pid: number
  readonly parent: number
  readonly own: number
  readonly ended: number
  readonly residentBytes: number
}

async function childrenOf(pid: number): Promise<Stat[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  return (await Promise.all(pids.map(statOf))).filter((stat) => stat !== undefined).filter((stat) => stat.parent === pid)
}

/** proc(5): the name stands in brackets and may hold anything; state is the third field, utime the 14th, rss the 24th. */
async function statOf(pid: number): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ticks = (from: number): number => (Number(fields[from]) + Number(fields[from + 1])) * MICROS_PER_TICK
  return { pid, parent: Number(fields[1]), own: ticks(11), ended: ticks(13), residentBytes: Number(fields[21]) * BYTES_PER_PAGE }
}

async function environmentOf(pid: number): Promise<Record<string, string>> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
  return Object.fromEntries(
    text
      .split('\0')
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}
