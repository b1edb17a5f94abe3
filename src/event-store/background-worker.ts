import { setMaxListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { isConnectionError } from '../database/errors.js'
import { ensureEventPartitions } from '../database/migrate.js'
import { Bell } from './bell.js'
import { MovedElsewhere } from './checkpoints.js'
import { misplacedReaderCount } from './event-store.metrics.js'
import { Lease, LEASE_SECONDS } from './lease.js'
import { LogFeed } from './log-feed.js'
import type { LogSigner } from './log-signer.js'
import type { PersonalValues, Projection, Reactor } from './projection.js'
import { ProjectionRunner } from './projection-runner.js'
import { ReactorRunner } from './reactor-runner.js'
import { readSealLag } from './seal-lag.js'
import { SealedElsewhere, Sealer } from './sealer.js'
import { misplacedReaders } from './verification/misplaced-readers.js'

const RENEW_MS = 1000
/** Pause between two looks for events to seal, and under load, when larger seals cost less than sooner ones are worth. */
const SEAL_EVERY_MS = 20
const SEAL_EVERY_BUSY_MS = 50
const BUSY = 10
/** Readers are told of seals no more often than that: each batch costs them a dozen statements, however few its events are. */
const TELL_EVERY_MS = 50
const TELL_EVERY_BUSY_MS = 200
/** Readers are rung awake by the sealer; this is for what another process sealed just before this one took over. */
const READ_EVERY_MS = 1000
const WATCH_EVERY_MS = 1000
const PARTITIONS_EVERY_MS = 86_400_000
const PARTITIONS_AGAIN_MS = 60_000
const MAX_BACKOFF_MS = 5000

interface BackgroundLog {
  warn(message: string, detail: object): void
  error(message: string, detail: object): void
}

/** Work that is looked for every so often. It is safe to repeat, and to be stopped in the middle. */
export interface Job {
  readonly name: string
  readonly everyMs: number
  run(): Promise<unknown>
}

/**
 * The work that one process does for all: seal the log, keep the read models, react, prepare partitions, and the jobs.
 * Runs while it holds the lease; every loop outlives any error, backing off up to 5 s.
 */
export class BackgroundWorker {
  readonly #lease: Lease
  readonly #sealer: Sealer
  readonly #feed: LogFeed
  readonly #projections: ProjectionRunner
  readonly #reactors: ReactorRunner[]
  readonly #sealed = new Bell()
  readonly #stop = new AbortController()
  #heldUntil = 0
  #isAway = false
  #toldAt = -Infinity
  #isUntold = false
  #misplaced: readonly string[] = []
  #loops: Promise<void>[] = []

  constructor(
    private readonly pool: pg.Pool,
    signer: LogSigner,
    projections: readonly Projection[],
    reactors: readonly Reactor[],
    private readonly log: BackgroundLog,
    personal?: PersonalValues,
    private readonly jobs: readonly Job[] = [],
  ) {
    const onFailure = ({ error, ...event }: { projection: string; position: number; type: string; error: unknown }): void =>
      log.error('an event could not be handled', { ...event, err: error })
    this.#lease = new Lease(pool, 'background')
    this.#sealer = new Sealer(pool, signer)
    this.#feed = new LogFeed(pool)
    this.#projections = new ProjectionRunner(pool, projections, onFailure, personal, this.#feed)
    this.#reactors = reactors.map((reactor) => new ReactorRunner(pool, reactor, onFailure, this.#feed))
  }

  start(): void {
    // Every loop rests on it.
    setMaxListeners(0, this.#stop.signal)
    this.#loops = [
      this.#loop('lease', () => this.#renew(), { always: true }),
      this.#loop('partitions', () => this.#preparePartitions()),
      this.#loop('sealer', () => this.#seal()),
      this.#loop('seal lag', () => this.#watchLag()),
      this.#loop('places of readers', () => this.#watchReaders()),
      this.#loop('projections', () => this.#read(this.#projections)),
      ...this.#reactors.map((runner) => this.#loop(runner.reactor.name, () => this.#read(runner))),
      ...this.jobs.map((job) => this.#loop(job.name, () => this.#work(job))),
    ]
  }

  /** Finishes the batches under way and lets another process take over at once. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#sealed.ring()
    await Promise.all(this.#loops)
    await this.#lease.release().catch(() => undefined)
  }

  async #renew(): Promise<void> {
    const asked = performance.now()
    const held = await this.#lease.hold()
    // Counted from before the question, so that this process stops no later than the database lets another one start.
    this.#heldUntil = held ? asked + LEASE_SECONDS * 1000 : 0
    if (this.#isAway) this.log.warn('the database can be reached again, and background work goes on', {})
    this.#isAway = false
    await this.#rest(RENEW_MS)
  }

  async #preparePartitions(): Promise<void> {
    const isPrepared = await ensureEventPartitions(this.pool)
    await this.#rest(isPrepared ? PARTITIONS_EVERY_MS : PARTITIONS_AGAIN_MS)
  }

  async #seal(): Promise<void> {
    const sealed = await this.#sealer.seal()
    if (sealed > 0) this.#isUntold = true
    const [sealAgain, tellAgain] = sealed > BUSY ? [SEAL_EVERY_BUSY_MS, TELL_EVERY_BUSY_MS] : [SEAL_EVERY_MS, TELL_EVERY_MS]
    const now = performance.now()
    if (now - this.#toldAt >= tellAgain) this.#tell(now)
    await this.#rest(sealAgain)
  }

  /** Readers are told where the log ends, and woken where that has moved since. */
  #tell(now: number): void {
    const { end } = this.#sealer
    if (!end) return
    this.#feed.sealed(end)
    if (this.#isUntold) this.#sealed.ring()
    this.#isUntold = false
    this.#toldAt = now
  }

  async #watchLag(): Promise<void> {
    const lag = await readSealLag(this.pool)
    if (lag.oldestTransaction) this.log.warn('sealing waits for a transaction', lag)
    await this.#rest(WATCH_EVERY_MS)
  }

  /** Who stands ahead of the log has nothing to read, and would not say so. */
  async #watchReaders(): Promise<void> {
    const misplaced = await misplacedReaders(this.pool)
    misplacedReaderCount.set(misplaced.length)
    for (const { reader, reason } of misplaced) {
      if (!this.#misplaced.includes(reader)) this.log.error(`the reader ${reader} ${reason}: it misses events`, { reader })
    }
    this.#misplaced = misplaced.map(({ reader }) => reader)
    await this.#rest(WATCH_EVERY_MS)
  }

  async #read(runner: ProjectionRunner | ReactorRunner): Promise<void> {
    const heard = this.#sealed.rings
    if (!(await runner.advance())) await this.#sealed.wait(heard, READ_EVERY_MS)
  }

  async #work(job: Job): Promise<void> {
    await job.run()
    await this.#rest(job.everyMs)
  }

  async #loop(name: string, turn: () => Promise<void>, { always = false } = {}): Promise<void> {
    let failures = 0
    while (!this.#stop.signal.aborted) {
      try {
        if (!always && performance.now() >= this.#heldUntil) await this.#rest(RENEW_MS / 10)
        else await turn()
        failures = 0
      } catch (error) {
        if (error instanceof SealedElsewhere || error instanceof MovedElsewhere) continue
        failures++
        if (isConnectionError(error) && (await this.#isMissed())) this.#miss(error)
        else this.log.warn(`${name} failed, will try again`, { err: error, failures })
        await this.#rest(Math.min(MAX_BACKOFF_MS, 50 * 2 ** failures))
      }
    }
  }

  /** A job may have failed for a file or a host of its own, whose errors look the same. */
  async #isMissed(): Promise<boolean> {
    if (this.#isAway) return true
    return this.pool.query('select').then(() => false, isConnectionError)
  }

  /** Every loop meets it, again and again; it is over when the lease is renewed, which nobody can do without the database. */
  #miss(error: unknown): void {
    if (!this.#isAway) this.log.warn('the database cannot be reached, and background work waits', { err: error })
    this.#isAway = true
  }

  async #rest(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined)
  }
}
