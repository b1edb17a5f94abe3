import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { eventually } from './eventually.js'

export const ROOT = process.cwd()
const MAIN = path.join(ROOT, 'dist/service/main.js')

/**
 * A port that nobody listens on, and that nobody else is given: below those that the system takes for connections, where a port that is free now may
 * be taken before it is used, and from a range of this jest worker's own.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort() + (nextPort++ % PORTS)
    if (await isFree(port)) return port
  }
}

/** Likewise, of few: the first of this run's and this worker's that is not in use. What was made for a port serves again, until it is released. */
export async function installationPort(): Promise<{ readonly port: number; release(): void }> {
  for (let port = firstPort() + PORTS + Number(process.env['TEST_RUN']); ; port++) {
    if (inUse.has(port)) continue
    inUse.add(port)
    if (await isFree(port)) return { port, release: () => void inUse.delete(port) }
  }
}

const [FIRST_PORT, PORTS, INSTALLATION_PORTS, WORKERS] = [12_000, 3000, 1000, 5]
const firstPort = (): number => FIRST_PORT + (PORTS + INSTALLATION_PORTS) * (Number(process.env['JEST_WORKER_ID'] ?? 1) % WORKERS)
let nextPort = randomInt(PORTS)
const inUse = new Set<number>()

const isFree = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const server = createServer()
    server.once('error', () => done(false)).listen(port, () => server.close(() => done(true)))
  })

export const temporaryFolder = (): string => mkdtempSync(path.join(os.tmpdir(), 'evergrant-process-'))

/** A folder whose database is made and migrated already, for a service that need not show how it does that. */
export function preparedFolder(): string {
  const folder = temporaryFolder()
  mkdirSync(path.join(folder, 'postgres'), { mode: 0o700 })
  // Its files belong to the account that PostgreSQL runs under, where that is another.
  execFileSync('cp', ['-a', path.join(process.env['TEST_PREPARED_CLUSTER']!, 'data'), path.join(folder, 'postgres', 'data')])
  return folder
}

/** Whether a process is there and more than a zombie that nobody has reaped yet. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    if (process.platform !== 'linux') return true
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z'
  } catch {
    return false
  }
}

/** None where there is no /proc. */
function childrenOf(parent: number): number[] {
  if (process.platform !== 'linux') return []
  const isChild = (pid: number): boolean => {
    const stat = readProc(pid, 'stat')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent
  }
  return readdirSync('/proc').map(Number).filter(isChild)
}

const commandOf = (pid: number): string => readProc(pid, 'cmdline')

/** Empty for a process that is gone. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

export function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended in the meantime.
  }
}

const running = new Set<Service>()

/** One instance as a process of its own, in a process group of its own, with an environment of its own. */
export class Service {
  output = ''
  errors = ''
  /** The log's lines of JSON. */
  readonly lines: { pid: number; part: string; msg: string }[] = []
  readonly exited: Promise<number | null>
  readonly #child: ChildProcess
  /** Of the output: a line of which the rest has not come yet. */
  #begun = ''
  /** How many work, beside the primary. */
  readonly #processes: number

  constructor(
    readonly port: number,
    readonly dataDir: string,
    env: Record<string, string> = {},
    command: readonly [string, ...string[]] = [process.execPath, MAIN],
  ) {
    const base = { PATH: process.env['PATH']!, HOME: process.env['HOME'] ?? '/', PORT: String(port), DATA_DIR: dataDir, WORKERS: '1' }
    const settings: Record<string, string> = { ...base, ...env }
    this.#processes = (settings['ROLE'] === 'worker' ? 0 : Number(settings['WORKERS'])) + (settings['ROLE'] === 'http' ? 0 : 1)
    this.#child = spawn(command[0], command.slice(1), { cwd: ROOT, env: settings, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.errors += text))
    this.exited = new Promise((done) => this.#child.once('close', (code) => done(code)))
    running.add(this)
    void this.exited.then(() => running.delete(this))
  }

  #read(text: string): void {
    this.output += text
    const lines = (this.#begun + text).split('\n')
    this.#begun = lines.pop()!
    for (const line of lines) if (line.startsWith('{') && line.endsWith('}')) this.lines.push(JSON.parse(line) as Service['lines'][number])
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Process ids of all that ever reported for work. */
  workers(part: string): number[] {
    return this.lines.filter((line) => line.msg === 'at work' && line.part === part).map((line) => line.pid)
  }

  /** Its processes, also those that have not reported yet; none where there is no /proc. */
  get children(): number[] {
    return childrenOf(this.pid).filter((pid) => commandOf(pid).includes(MAIN))
  }

  async ready(): Promise<this> {
    let ended: number | null | undefined
    void this.exited.then((code) => (ended = code))
    const isReady = (): boolean => this.lines.some((line) => line.msg.startsWith('Evergrant ready'))
    // A line of a worker may still be on its way when the primary's is read.
    const haveReported = (): boolean => this.lines.filter((line) => line.msg === 'at work').length >= this.#processes
    await eventually(() => ended !== undefined || (isReady() && haveReported()))
    if (ended !== undefined) throw new Error(`exited with ${ended}: ${this.errors}\n${this.output}`)
    return this
  }

  get(url: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`http://localhost:${this.port}${url}`, { headers: { connection: 'close', ...headers } })
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  async stop(): Promise<number | null> {
    this.signal('SIGTERM')
    return this.exited
  }

  get postmaster(): number {
    return Number.parseInt(readFileSync(path.join(this.dataDir, 'postgres/data/postmaster.pid'), 'utf8'), 10)
  }

  /** The whole process group; PostgreSQL with all its processes, in groups of their own, too if asked for, and first: it finishes nothing any more. */
  async killAll({ postgres = false } = {}): Promise<void> {
    if (postgres) for (const pid of [...childrenOf(this.postmaster), this.postmaster]) tryKill(pid)
    process.kill(-this.pid, 'SIGKILL')
    await this.exited
  }
}

/** Ends what a failed test left behind, and waits for the embedded servers to follow. */
export async function cleanUp(...folders: string[]): Promise<void> {
  await Promise.all([...running].map((service) => service.killAll()))
  for (const folder of folders) await eventually(() => rmSync(folder, { recursive: true, force: true }) === undefined)
}
