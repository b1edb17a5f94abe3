import { readdir, readFile } from 'node:fs/promises'

/** Linux tells times in hundredths of a second, whatever its clock. */
const MICROS_PER_TICK = 10_000

/** CPU time of one running process in µs; undefined where there is no /proc. */
export const cpuOfProcess = async (pid: number): Promise<number | undefined> => (await statOf(pid))?.own

/**
 * CPU time in µs of a process, of its children, and of the children that have ended (the process has waited for them).
 * For the postmaster that is all of the server. Undefined where there is no /proc.
 */
export async function cpuOfTree(pid: number): Promise<number | undefined> {
  const root = await statOf(pid)
  if (!root) return undefined
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const children = (await Promise.all(pids.map(statOf))).filter((stat) => stat?.parent === pid)
  return children.reduce((sum, child) => sum + child!.own, root.own + root.ended)
}

interface Stat {
  readonly parent: number
  readonly own: number
  readonly ended: number
}

/** proc(5): the name stands in brackets and may hold anything; state is the third field, utime the 14th. */
async function statOf(pid: number): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ticks = (from: number): number => (Number(fields[from]) + Number(fields[from + 1])) * MICROS_PER_TICK
  return { parent: Number(fields[1]), own: ticks(11), ended: ticks(13) }
}
