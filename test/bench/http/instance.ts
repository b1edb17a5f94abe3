import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { elapse, elapseIdly } from '../clock.js'
import { type OwnedProcess, processesOf } from '../process-cpu.js'
import { environmentOf } from '../service.js'

export const MANAGEMENT = { id: 'bench-management', secret: 'a-secret-of-the-bench-0123456789' }

/** Limits count as they always do, and none is reached. */
const UNREACHED = String(1_000_000_000)
const MAIN = fileURLToPath(new URL('../../../../service/main.js', import.meta.url))
const START_MS = 60_000
const STOP_MS = 15_000
const LOOK_EVERY_MS = 5

/** What the service is told beside what all parts of a bench are told. */
export const SERVICE_ENVIRONMENT = {
  MANAGEMENT_CLIENT_ID: MANAGEMENT.id,
  MANAGEMENT_CLIENT_SECRET: MANAGEMENT.secret,
  ADMIN_EMAIL: 'admin@example.com',
  ADMIN_PASSWORD: 'Bench-Password-1',
  RATE_LIMITS_OAUTH_PER_MINUTE: UNREACHED,
  RATE_LIMITS_MANAGEMENT_PER_MINUTE: UNREACHED,
}

/** The service as an operator starts it: `node main.js` with two HTTP workers and the background process, its log in a file. */
export class Instance {
  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
    /** From the start of its first process until it said that it is ready. */
    readonly startMs: number,
  ) {}

  /** Resolves when it is ready. Errors: with its last words, when it is not in half a minute. */
  static async start(databaseUrl: string, folder: string, program = MAIN): Promise<Instance> {
    const port = await freePort()
    const log = path.join(folder, `service-${port}.log`)
    const file = openSync(log, 'a')
    const environment = { ...environmentOf(databaseUrl, 'primary'), ...SERVICE_ENVIRONMENT, PORT: String(port), WORKERS: '2' }
    const began = performance.now()
    const child = spawn(process.execPath, [program], { cwd: folder, env: { PATH: process.env['PATH'], ...environment }, stdio: ['ignore', file, file] })
    closeSync(file)
    const ended = once(child, 'exit')
    for (let ready = false; !ready; ready = (await readFile(log, 'utf8')).includes('Evergrant ready')) {
      if (child.exitCode !== null || performance.now() - began > START_MS) {
        child.kill('SIGKILL')
        throw new Error(`the service did not start: ${(await readFile(log, 'utf8')).slice(-2000)}`)
      }
      await Promise.race([elapse(LOOK_EVERY_MS), ended])
    }
    return new Instance(port, child, performance.now() - began)
  }

  /** CPU time in µs of what answers HTTP: the primary and its workers. */
  readonly cpu = async (): Promise<number | undefined> => sum(await this.processes('primary', 'http'))

  /** CPU time in µs of what seals, projects and reacts. */
  readonly backgroundCpu = async (): Promise<number | undefined> => sum(await this.processes('background'))

  /** Those of its processes that do one of these parts; undefined where there is no /proc. */
  async processes(...parts: readonly string[]): Promise<readonly OwnedProcess[] | undefined> {
    const all = await processesOf(this.child.pid!)
    return all?.filter(({ environment }) => parts.includes(environment['EVERGRANT_PROCESS'] ?? ''))
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const gone = once(this.child, 'exit')
    this.child.kill('SIGTERM')
    void Promise.race([gone, elapseIdly(STOP_MS).then(() => this.child.kill('SIGKILL'))])
    await gone
  }
}

const sum = (processes: readonly OwnedProcess[] | undefined): number | undefined => processes?.reduce((all, { cpuMicros }) => all + cpuMicros, 0)

/** A port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((done) => server.close(done))
  return port
}
