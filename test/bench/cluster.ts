import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type pg from 'pg'
import { migrate } from '../../src/database/migrate.js'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { createOwnerClient } from '../../src/database/pool.js'
import { elapse } from './clock.js'
import { cpuOfTree } from './process-cpu.js'

/** What a database of the bench starts from: its name, and what was found out when it was made. */
export interface Template<T> {
  readonly name: string
  readonly content: T
}

/** The bench's own PostgreSQL with its durable defaults, in a temporary folder that goes with it. Each row gets a database of its own. */
export class Cluster {
  readonly #templates = new Map<string, Promise<Template<unknown>>>()
  #databases = 0
  #stopped: Promise<void> | undefined

  private constructor(
    private readonly folder: string,
    private readonly server: EmbeddedPostgres,
    private readonly admin: pg.Client,
  ) {}

  static async start(): Promise<Cluster> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'evergrant-bench-'))
    try {
      const server = await startEmbeddedPostgres({ dir: path.join(folder, 'postgres') })
      const admin = createOwnerClient(server.url('postgres'))
      // It is cut off when the bench is interrupted.
      admin.on('error', () => undefined)
      await admin.connect()
      return new Cluster(folder, server, admin)
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** A folder for what else the bench has to write. */
  get scratch(): string {
    return this.folder
  }

  /** CPU time of the whole server in µs; undefined where the platform does not tell. */
  readonly cpu = (): Promise<number | undefined> => cpuOfTree(this.server.pid)

  /** A server setting, as it is in force. */
  async setting(name: string): Promise<string> {
    const { rows } = await this.admin.query<{ value: string }>('select current_setting($1) as value', [name])
    return rows[0]!.value
  }

  /** A migrated database, filled by `fill` at the first call for its name. */
  template<T>(name: string, fill: (url: string) => Promise<T>): Promise<Template<T>> {
    let made = this.#templates.get(name)
    if (!made) {
      made = this.#make(name, fill)
      this.#templates.set(name, made)
    }
    return made as Promise<Template<T>>
  }

  /** Runs `work` on a copy of a template that nobody else uses and that is gone afterwards. No checkpoint is due in it soon. */
  async onCopy<T>({ name }: Template<unknown>, work: (url: string) => Promise<T>): Promise<T> {
    const copy = `copy_${++this.#databases}`
    await this.admin.query(`create database ${copy} template ${name}`)
    try {
      await this.admin.query('checkpoint')
      return await work(this.server.url(copy))
    } finally {
      await this.admin.query(`drop database ${copy} with (force)`)
    }
  }

  /** Ends the server and removes its folder; whoever calls later waits for the same. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    await this.admin.end().catch(() => undefined)
    await this.server.stop()
    await rm(this.folder, { recursive: true, force: true })
  }

  async #make<T>(name: string, fill: (url: string) => Promise<T>): Promise<Template<T>> {
    await this.admin.query(`create database ${name}`)
    const url = this.server.url(name)
    await migrate(url)
    const content = await fill(url)
    await this.admin.query(`alter database ${name} allow_connections false`)
    // A closed connection's backend lingers a moment, and a database is copied only while nobody is connected to it.
    while ((await this.admin.query(`select from pg_stat_activity where datname = $1 and backend_type = 'client backend'`, [name])).rowCount) await elapse(10)
    return { name, content }
  }
}
