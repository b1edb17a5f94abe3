import cluster, { type Worker } from 'node:cluster'
import { AggregatorRegistry } from 'prom-client'
import type { Part } from '../config.js'
import type { Logger } from '../logging.js'
import { closeUndelivered } from './handed-over.js'
import { isReport, type Order } from './messages.js'
import { SpreadChanges } from './spread-changes.js'

/** This many deaths in this time mean that starting again does not help. */
const CRASH_LOOP = { deaths: 10, ms: 30_000 }
/** What a busy process allocates until V8 looks what of it is still used: with less, requests under way are taken for what lasts. Grown into by need. */
const YOUNG_MB = 32
const MAX_BACKOFF_MS = 1000

type Member = Exclude<Part, 'primary'>

/** The processes of this instance: started, watched, started again when they die, asked for metrics, stopped together. */
export class Fleet {
  readonly #parts = new Map<Worker, Member>()
  readonly #ready = new Set<Worker>()
  readonly #metrics = new AggregatorRegistry()
  readonly #changes = new SpreadChanges(tell)
  #deaths: number[] = []
  #stopping = false

  /** `fail` hears, once at most, why the instance cannot go on. */
  constructor(
    private readonly env: Record<string, string>,
    private readonly log: Logger,
    private readonly fail: (reason: string) => void,
  ) {}

  /** Resolves when all have reported that they are at work. */
  async start(members: readonly Member[]): Promise<void> {
    await new Promise<void>((done) => {
      cluster.on('message', (worker: Worker, message: unknown) => {
        if (!isReport(message)) return
        if (message.type === 'refused') this.#giveUp(message.message)
        if (message.type === 'metrics') void this.#answerMetrics(worker, message.id)
        if (message.type === 'changed') this.#changes.changed(worker, message, this.#ready)
        if (message.type === 'known') this.#changes.known(worker, message)
        if (message.type === 'ready' && this.#ready.add(worker).size === members.length) done()
      })
      cluster.on('exit', (worker, code, signal) => this.#onExit(worker, signal ?? `code ${code}`))
      for (const member of members) this.#fork(member)
    })
  }

  /** Asks all to finish and resolves when they are gone; who is not within `ms` is killed. */
  async stop(ms: number): Promise<void> {
    this.#stopping = true
    const workers = [...this.#parts.keys()]
    const gone = Promise.all(workers.map((worker) => new Promise((done) => worker.once('exit', done))))
    for (const worker of workers) tell(worker, { type: 'stop' })
    const impatient = setTimeout(() => {
      for (const [worker, part] of this.#parts) {
        this.log.warn({ endedPid: worker.process.pid, endedPart: part }, 'a process did not finish in time and was killed')
        worker.process.kill('SIGKILL')
      }
    }, ms)
    await gone
    clearTimeout(impatient)
  }

  #fork(part: Member): void {
    if (this.#stopping) return
    cluster.setupPrimary({ execArgv: [`--max-semi-space-size=${YOUNG_MB}`, ...process.execArgv] })
    const worker = cluster.fork({ ...this.env, EVERGRANT_PROCESS: part })
    closeUndelivered(worker)
    this.#parts.set(worker, part)
  }

  #onExit(worker: Worker, how: string): void {
    const part = this.#parts.get(worker)
    this.#parts.delete(worker)
    this.#ready.delete(worker)
    this.#changes.gone(worker)
    if (this.#stopping || !part) return
    const now = performance.now()
    this.#deaths = [...this.#deaths.filter((death) => now - death < CRASH_LOOP.ms), now]
    if (this.#deaths.length >= CRASH_LOOP.deaths) return this.#giveUp(`${CRASH_LOOP.deaths} processes died in ${CRASH_LOOP.ms / 1000} s`)
    this.log.error({ diedPid: worker.process.pid, diedPart: part, how }, 'a process died, starting another')
    // At once the first time: it is most likely alone.
    setTimeout(() => this.#fork(part), Math.min(MAX_BACKOFF_MS, 25 * 2 ** this.#deaths.length - 50))
  }

  #giveUp(reason: string): void {
    if (this.#stopping) return
    this.#stopping = true
    this.fail(reason)
  }

  async #answerMetrics(worker: Worker, id: number): Promise<void> {
    const text = await this.#metrics.clusterMetrics().catch(() => null)
    tell(worker, { type: 'metrics', id, text })
  }
}

function tell(worker: Worker, order: Order): void {
  // A process that just died cannot hear; its exit is reported anyway.
  if (worker.isConnected()) worker.send(order, () => undefined)
}
