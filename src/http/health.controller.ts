import { Controller, Get, Header, Inject, ServiceUnavailableException } from '@nestjs/common'
import pg from 'pg'
import { migrations } from '../../migrations/index.js'
import { inTransaction } from '../database/pool.js'

/** A database that needs longer than this is no use to a request either. */
const ANSWER_MS = 1000
/** SQLSTATE: nothing was ever migrated here. */
const UNDEFINED_TABLE = '42P01'

/** For container platforms and load balancers: open to all, and says nothing but up or not. */
@Controller('health')
export class HealthController {
  #migrated = false

  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  @Get('live')
  @Header('Cache-Control', 'no-store')
  live(): object {
    return { status: 'up' }
  }

  /** 200 when the database answers within a second and has every migration of this version, else 503. */
  @Get('ready')
  @Header('Cache-Control', 'no-store')
  async ready(): Promise<object> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((done) => (timer = setTimeout(done, ANSWER_MS, 'late')))
    const state = await Promise.race([this.#check().catch(() => 'unreachable' as const), late])
    clearTimeout(timer)
    if (state === 'ready') return { status: 'ready' }
    throw new ServiceUnavailableException({ status: 'unavailable', database: state })
  }

  async #check(): Promise<'ready' | 'not migrated'> {
    if (this.#migrated) await this.pool.query('select 1')
    else this.#migrated = await this.#hasAllMigrations()
    return this.#migrated ? 'ready' : 'not migrated'
  }

  /** Asked until it is so, since migrations are never taken back under a running service. */
  async #hasAllMigrations(): Promise<boolean> {
    const names = migrations.map((migration) => migration.name)
    return inTransaction(this.pool, async (db) => {
      // The table is the owner's, and the service's role has no business with it otherwise.
      await db.query('set local role none')
      const { rows } = await db.query<{ n: number }>('select count(distinct name)::int as n from migrations where name = any($1)', [names])
      return rows[0]?.n === names.length
    }).catch((error: { code?: string }) => {
      if (error.code === UNDEFINED_TABLE) return false
      throw error
    })
  }
}
