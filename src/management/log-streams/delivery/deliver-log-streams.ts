import { type BeforeApplicationShutdown, Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common'
import { logStream, suspendLogStream } from '../../../audit/log-stream/log-stream.js'
import { CONFIG, type Config } from '../../../config.js'
import { BackgroundJobs } from '../../../event-store/background-jobs.js'
import { EventStore } from '../../../event-store/event-store.js'
import { RootKeys } from '../../../keys/root-key.js'
import { redact } from '../../../redact.js'
import { categoryOf } from '../../logs/log-codes.js'
import { type OpenedRow, TenantLogs } from '../../logs/tenant-logs.js'
import { writeLogStream } from '../log-stream-table.js'
import { decryptSecrets } from '../secrets.js'
import { SUSPENDED_AFTER_DAYS } from './back-off.js'
import { deliveredLog } from './delivered-log.js'
import { Deliveries, type DeliveryError, type DueDelivery } from './deliveries.js'
import { countFailure, tellLags } from './delivery-metrics.js'
import { batchSize } from './http-requests.js'
import { RefusedDelivery, SendLogs } from './send-logs.js'

const LOOK_EVERY_MS = 250
const MEASURE_EVERY_MS = 5000
const PAGE = 100
/** Pages that one turn delivers: then it is seen again whether this process should. */
const PAGES = 20
/** Streams that are delivered to at the same time; a sink that hangs holds up itself alone. */
const AT_ONCE = 20

/**
 * Delivers the log to each stream in its order, at least once (spec/logs.md §5): what is not acknowledged is sent again, and nothing after it.
 * Runs in the background process that holds the lease; two at once would send twice and harm nothing else.
 */
@Injectable()
export class DeliverLogStreams implements OnModuleInit, BeforeApplicationShutdown {
  readonly #log = new Logger('log streams')
  readonly #running = new Map<string, Promise<void>>()
  /** Of whom the log says that they fail. */
  readonly #failing = new Set<string>()
  readonly #stop = new AbortController()

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly jobs: BackgroundJobs,
    private readonly deliveries: Deliveries,
    private readonly logs: TenantLogs,
    private readonly sender: SendLogs,
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
  ) {}

  onModuleInit(): void {
    this.jobs.add({ name: 'log streams', everyMs: LOOK_EVERY_MS, run: () => this.#look() })
    this.jobs.add({ name: 'lags of log streams', everyMs: MEASURE_EVERY_MS, run: () => this.#measure() })
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#running.values())
  }

  /** Starts what is due and does not wait for it. */
  async #look(): Promise<void> {
    // Whatever ends while the question is under way is answered as it was before.
    const busy = new Set(this.#running.keys())
    for (const due of await this.deliveries.due()) {
      const { id } = due.document
      if (this.#stop.signal.aborted || busy.has(id) || this.#running.size >= AT_ONCE) continue
      const turn = this.#turn(due)
        .catch((error: unknown) => this.#log.warn('a log stream could not be delivered, will try again', { err: error, logStream: id }))
        .finally(() => this.#running.delete(id))
      this.#running.set(id, turn)
    }
  }

  async #measure(): Promise<void> {
    const lags = await this.deliveries.lags()
    tellLags(lags)
    for (const id of this.#failing) if (!lags.some((lag) => lag.id === id)) this.#failing.delete(id)
  }

  async #turn(due: DueDelivery): Promise<void> {
    let { cursor } = due
    // Another process may have said so, or this one before its last start.
    if (due.failures > 0) this.#failing.add(due.document.id)
    for (let page = 0; page < PAGES && !this.#stop.signal.aborted; page++) {
      const rows = await this.logs.after(cursor, PAGE)
      const moved = await this.#page(due, cursor, rows)
      if (moved === undefined || rows.length < PAGE) return
      cursor = moved
    }
  }

  /** Answers where the stream stands after the page; undefined when it goes on at another time. */
  async #page(due: DueDelivery, from: string, rows: readonly OpenedRow[]): Promise<string | undefined> {
    const { document } = due
    const names = new Set(document.filters.map(({ name }) => name))
    const wanted = names.size === 0 ? rows : rows.filter(({ row }) => names.has(categoryOf(row.type)))
    const size = batchSize(document)
    let cursor = from
    for (let n = 0; n < wanted.length; n += size) {
      const batch = wanted.slice(n, n + size)
      const to = batch.at(-1)!.row.log_id
      if (!(await this.#batch(due, cursor, batch))) return undefined
      this.#goesOn(document.id)
      if (!(await this.deliveries.acknowledged(due, cursor, to, batch.length))) return undefined
      cursor = to
    }
    const end = rows.at(-1)?.row.log_id ?? cursor
    // What no filter lets through is passed over.
    if (end !== cursor && !(await this.deliveries.acknowledged(due, cursor, end, 0))) return undefined
    return end
  }

  async #batch(due: DueDelivery, cursor: string, rows: readonly OpenedRow[]): Promise<boolean> {
    const { document, secrets, failures, cursor: began } = due
    try {
      const tenant = new URL(this.config.issuer).hostname
      const logs = await Promise.all(rows.map((row) => deliveredLog(row, tenant, document.pii_config)))
      await this.sender.send(document, decryptSecrets(this.rootKeys, document.id, secrets), logs, this.#stop.signal)
      return true
    } catch (error) {
      // The service ends, and the sink is not to blame.
      if (this.#stop.signal.aborted) return false
      const problem = describe(error)
      const failing = await this.deliveries.failed(due, cursor, cursor === began ? failures + 1 : 1, rows[0]!.row.log_id, problem)
      if (failing) this.#fails(document.id, problem)
      if (failing && failing.days >= SUSPENDED_AFTER_DAYS) await this.#suspend(document.id, failing.since)
      return false
    }
  }

  /** Said once: health and metrics tell the rest. */
  #fails(id: string, { text }: DeliveryError): void {
    countFailure(id)
    if (!this.#failing.has(id)) this.#log.warn(`log stream ${id} fails, and what follows waits: ${text}`)
    this.#failing.add(id)
  }

  #goesOn(id: string): void {
    if (this.#failing.delete(id)) this.#log.warn(`log stream ${id} goes on again`)
  }

  async #suspend(id: string, since: Date): Promise<void> {
    await this.store.transact(
      logStream,
      id,
      (state) => suspendLogStream(state, since.toISOString()),
      { actor: 'log streams' },
      (db, state, now) => writeLogStream(db, id, state, {}, now),
    )
    this.#failing.delete(id)
    this.#log.error(`log stream ${id} has been failing since ${since.toISOString()} and is suspended`)
  }
}

/** What operators read in the stream's health: never an address with what it may hold. */
function describe(error: unknown): DeliveryError {
  if (error instanceof RefusedDelivery) return { status: error.status, text: error.message }
  const { name, message } = error as Error
  return {
    text:
      name === 'TimeoutError' || name === 'AbortError'
        ? 'no answer within 10 s'
        : redact(message || name)
            .replace(/\b\w+:\/\/\S+/g, '…')
            .slice(0, 200),
  }
}
