import { setTimeout as pause } from 'node:timers/promises'
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common'
import pg from 'pg'
import { CONFIG, type Config } from '../../config.js'
import type { BoundAction } from '../run/bound-action.js'
import type { ConsoleLine } from '../run/run-action.js'

/** A line of an Action's console as those who watch get it (spec/actions.md §6.4). */
export interface LiveLine {
  readonly timestamp: string
  readonly tenant: string
  readonly execution_id: string
  readonly trigger_id: string
  readonly action_id: string
  readonly action_name: string
  readonly version_id: string
  readonly level: string
  readonly text: string
}

const CHANNEL = 'evergrant_action_console'
/** PostgreSQL carries 8000 bytes; a character has up to six in JSON. */
const PIECE = 1200
const RETRY_MS = 1000
/** Characters that wait to be told, and what a line takes beside its own: a console may be written faster than it can be told. */
const MAX_WAITING = 4_000_000
const LINE = 300

/**
 * Lets operators watch consoles as they are written, whichever process runs the Action: by NOTIFY, and only while somebody listens to it. Nothing
 * is kept, and what nobody hears is lost.
 */
@Injectable()
export class LiveLog implements OnApplicationShutdown {
  readonly #log = new Logger('actions')
  readonly #tenant: string
  readonly #watchers = new Set<(line: LiveLine) => void>()
  #connection: Promise<pg.PoolClient> | undefined
  #heard = Number.NEGATIVE_INFINITY
  #anybody = false
  /** One line after the other, so that they arrive as they were written. */
  #told: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    @Inject(CONFIG) { issuer }: Config,
  ) {
    this.#tenant = new URL(issuer).hostname
  }

  /** Calls `hear` with each line from now on. Resolves, with what ends it, when it listens. Errors: the database's. */
  async watch(hear: (line: LiveLine) => void): Promise<() => void> {
    this.#watchers.add(hear)
    try {
      await this.#listen()
    } catch (error) {
      this.#watchers.delete(hear)
      throw error
    }
    return () => {
      this.#watchers.delete(hear)
      if (this.#watchers.size === 0) this.#silence()
    }
  }

  /** For the console of an Action in an execution. Never fails, and costs nothing while nobody watches but a question once a second. */
  of(executionId: string, triggerId: string, { actionId, name, versionId }: BoundAction): (line: ConsoleLine) => void {
    const origin = { execution_id: executionId, trigger_id: triggerId, action_id: actionId, action_name: name, version_id: versionId }
    return ({ at, level, text }) => {
      const size = text.length + LINE
      if (this.#isKnownUnwatched() || this.#waiting + size > MAX_WAITING) return
      this.#waiting += size
      const line = { timestamp: at, tenant: this.#tenant, ...origin, level, text }
      this.#told = this.#told
        .then(() => this.#tell(line))
        .catch((error: unknown) => this.#log.warn('a console could not be shown', { err: error }))
        .finally(() => (this.#waiting -= size))
    }
  }

  onApplicationShutdown(): void {
    this.#watchers.clear()
    this.#silence()
  }

  #isKnownUnwatched(): boolean {
    return performance.now() - this.#heard < RETRY_MS && !this.#anybody && this.#watchers.size === 0
  }

  async #tell(line: LiveLine): Promise<void> {
    if (await this.#isWatched()) await this.#notify(line)
  }

  /** A long line goes in pieces, which the listener puts together. */
  async #notify(line: LiveLine): Promise<void> {
    const pieces = Math.max(1, Math.ceil(line.text.length / PIECE))
    for (let n = 0; n < pieces; n++) {
      const piece = { ...line, text: line.text.slice(n * PIECE, (n + 1) * PIECE), more: n < pieces - 1 }
      await this.pool.query('select pg_notify($1, $2)', [CHANNEL, JSON.stringify(piece)])
    }
  }

  async #isWatched(): Promise<boolean> {
    if (performance.now() - this.#heard < RETRY_MS) return !this.#isKnownUnwatched()
    const { rows } = await this.pool.query<{ watched: boolean }>(
      `select exists (select from pg_stat_activity where datname = current_database() and application_name = $1) as watched`,
      [CHANNEL],
    )
    this.#anybody = rows[0]!.watched
    this.#heard = performance.now()
    return this.#anybody || this.#watchers.size > 0
  }

  /** One connection for all who watch, however many begin at once. */
  async #listen(): Promise<void> {
    const connection = (this.#connection ??= this.#connect())
    await connection.catch((error: unknown) => {
      if (this.#connection === connection) this.#connection = undefined
      throw error
    })
  }

  async #connect(): Promise<pg.PoolClient> {
    const client = await this.pool.connect()
    // Executions tell at the same time, each line after line.
    const begun = new Map<string, string>()
    client.on('notification', ({ payload }) => {
      const { more, ...line } = JSON.parse(payload ?? '{}') as LiveLine & { more: boolean }
      const text = (begun.get(line.execution_id) ?? '') + line.text
      if (more) return void begun.set(line.execution_id, text)
      begun.delete(line.execution_id)
      for (const hear of this.#watchers) hear({ ...line, text })
    })
    client.on('error', () => void this.#listenAgain())
    try {
      await client.query(`set application_name = '${CHANNEL}'`)
      await client.query(`listen ${CHANNEL}`)
    } catch (error) {
      client.release(true)
      throw error
    }
    return client
  }

  /** Whoever watches has not heard that the connection broke, so another one takes its place. */
  async #listenAgain(): Promise<void> {
    this.#silence()
    while (this.#watchers.size > 0) {
      try {
        return await this.#listen()
      } catch {
        await pause(RETRY_MS)
      }
    }
  }

  /** The connection is closed with what was set on it. */
  #silence(): void {
    const connection = this.#connection
    this.#connection = undefined
    connection?.then(
      (client) => client.release(true),
      () => undefined,
    )
  }
}
