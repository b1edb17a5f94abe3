import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { elapse } from './clock.js'
import { type Meters, percentiles, read, spent } from './load.js'
import { cpuOfProcess } from './process-cpu.js'
import type { Figures, Pace } from './row.js'

/** A script for pgbench, and whom it runs as. */
export interface PgbenchRun {
  readonly script: string
  /** Values of the script's variables at its start. */
  readonly variables: Readonly<Record<string, string | number>>
  readonly databaseUrl: string
  /** libpq's PGOPTIONS. */
  readonly options: string
  /** Its log of transactions goes here. */
  readonly folder: string
}

/** Path of a pgbench on this machine, the newest where there are several; undefined for none. */
export function findPgbench(): Promise<string | undefined> {
  found ??= find()
  return found
}
let found: Promise<string | undefined> | undefined

/** `15.14`, say. */
export async function pgbenchVersion(): Promise<string | undefined> {
  const program = await findPgbench()
  return program && (await promisify(execFile)(program, ['--version'])).stdout.match(/\d+(\.\d+)*/)?.[0]
}

/**
 * Measures a script as `load` measures operations: prepared statements, one thread, those that end in the window count.
 * `transactions` are all that it did. Errors: what pgbench said when it failed.
 */
export async function loadByPgbench(
  program: string,
  run: PgbenchRun,
  pace: Pace,
  meters: Meters,
  clients: number,
): Promise<{ figures: Figures; transactions: number }> {
  const child = start(program, run, clients, Math.ceil(pace.warmUpSeconds + pace.seconds + SPARE_SECONDS))
  const said = lastWords(child)
  const gone = once(child, 'exit')
  try {
    const everyone: Meters = { ...meters, service: () => cpuOfProcess(child.pid!) }
    await atWork(child, run.folder)
    await elapse(pace.warmUpSeconds * 1000)
    const before = await read(everyone)
    const opened = Date.now()
    await elapse(pace.seconds * 1000)
    const closed = Date.now()
    const after = await read(everyone)
    const early = child.exitCode !== null
    const [code] = (await gone) as [number | null]
    if (code !== 0 || early) throw new Error(`pgbench ended ${early ? 'too early' : 'with an error'}: ${said()}`)
    const all = await transactions(run.folder)
    const took = all.filter(({ ended }) => ended >= opened && ended < closed).map(({ ms }) => ms)
    const figures = { perSecond: (took.length * 1000) / (closed - opened), ...percentiles('p50', 'p99', took), ...spent(before, after, took.length) }
    return { figures, transactions: all.length }
  } finally {
    if (child.exitCode === null && child.kill()) await gone
    for (const file of await logs(run.folder)) await rm(file)
  }
}

/** Its log is written a page at a time, so it has been at work for a while when that begins. */
const SPARE_SECONDS = 3
const LOG = 'pgbench-log'

function start(program: string, { script, variables, databaseUrl, options, folder }: PgbenchRun, clients: number, seconds: number): ChildProcess {
  const { hostname, pathname, username } = new URL(databaseUrl)
  const defined = Object.entries(variables).flatMap(([name, value]) => ['-D', `${name}=${value}`])
  const args = ['-n', '-M', 'prepared', '-c', `${clients}`, '-T', `${seconds}`, '-f', script, '-l', `--log-prefix=${path.join(folder, LOG)}`, ...defined]
  const environment = { ...process.env, PGOPTIONS: options, PGHOST: decodeURIComponent(hostname), PGUSER: username }
  return spawn(program, [...args, pathname.slice(1)], { env: environment, stdio: ['ignore', 'ignore', 'pipe'] })
}

/** Connecting takes longer the more clients there are. */
async function atWork(child: ChildProcess, folder: string): Promise<void> {
  const written = async (): Promise<boolean> => (await Promise.all((await logs(folder)).map((file) => stat(file)))).some(({ size }) => size > 0)
  while (child.exitCode === null && !(await written())) await elapse(10)
}

function lastWords(child: ChildProcess): () => string {
  let text = ''
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(-2000)))
  return () => text.trim()
}

/** The log's lines say: client, transaction, µs, script, and when it ended, in seconds and µs. */
async function transactions(folder: string): Promise<{ ended: number; ms: number }[]> {
  const texts = await Promise.all((await logs(folder)).map((file) => readFile(file, 'utf8')))
  return texts
    .flatMap((text) => text.trim().split('\n'))
    .map((line) => line.split(' ').map(Number))
    .map(([, , took, , seconds, micros]) => ({ ended: seconds! * 1000 + micros! / 1000, ms: took! / 1000 }))
}

const logs = async (folder: string): Promise<string[]> => (await readdir(folder)).filter((name) => name.startsWith(LOG)).map((name) => path.join(folder, name))

async function find(): Promise<string | undefined> {
  const installed = '/usr/lib/postgresql'
  const versions = (await readdir(installed).catch(() => [])).sort((a, b) => Number(b) - Number(a))
  for (const program of ['pgbench', ...versions.map((version) => path.join(installed, version, 'bin/pgbench'))]) {
    const works = await promisify(execFile)(program, ['--version']).then(
      () => true,
      () => false,
    )
    if (works) return program
  }
  return undefined
}
