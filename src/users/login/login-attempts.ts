import { createHmac } from 'node:crypto'
import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import { callerOf } from '../../http/rate-limits.js'
import { RootKeys } from '../../keys/root-key.js'
import { readSettings } from '../tenant/tenant-table.js'
import { type LoginLimit, loginLimit } from './login-limit.js'

/** How long after the last one that counted the next may be made. */
const COOL_DOWN_SECONDS = 900
/** Counters that are over and done with, removed by each attempt. */
const SWEPT_AT_ONCE = 10

/**
 * Limits guessing at passwords, per account and address as the tenant says, for all workers together; a network of /64 is one address of IPv6. An
 * attempt is counted before its password is looked at, so that a hundred at once are no more than ten; a right one takes the count away.
 */
@Injectable()
export class LoginAttempts {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly rootKeys: RootKeys,
  ) {}

  /** What limits this attempt; undefined for nothing. */
  async limit(address: string): Promise<LoginLimit | undefined> {
    return loginLimit(await readSettings(this.pool), address)
  }

  /** Answers how many attempts this makes, more than the limit when it must not be made. Those count no further, so that the lock ends. */
  async count(account: string, address: string, { failures, perAddress }: LoginLimit): Promise<number> {
    const { rows } = await this.pool.query<{ failures: number }>({
      name: 'count-login-attempt',
      text: `
        with swept as (
          delete from login_attempts where key in (
            select key from login_attempts where ends_at < clock_timestamp() and key <> $1 order by ends_at limit ${SWEPT_AT_ONCE} for update skip locked
          )
        )
        insert into login_attempts as l (key, failures, ends_at, account) values ($1, 1, clock_timestamp() + make_interval(secs => $2), $4)
        on conflict (key) do update set
          failures = case when l.ends_at < clock_timestamp() then 1 else least(l.failures + 1, $3 + 1) end,
          ends_at = case when l.ends_at >= clock_timestamp() and l.failures >= $3 then l.ends_at else excluded.ends_at end
        returning failures`,
      values: [this.#key(account, perAddress ? callerOf(address) : ''), COOL_DOWN_SECONDS, failures, this.#key(account)],
    })
    return rows[0]!.failures
  }

  async forget(account: string, address: string, { perAddress }: LoginLimit): Promise<void> {
    const key = this.#key(account, perAddress ? callerOf(address) : '')
    await this.pool.query({ name: 'forget-login-attempts', text: 'delete from login_attempts where key = $1', values: [key] })
  }

  /** Those of the accounts that are closed to some address now. */
  async closed(accounts: readonly string[]): Promise<ReadonlySet<string>> {
    const limit = loginLimit(await readSettings(this.pool))
    if (!limit) return new Set()
    const keys = new Map(accounts.map((account) => [this.#key(account).toString('hex'), account]))
    const { rows } = await this.pool.query<{ account: Buffer }>({
      name: 'find-closed-accounts',
      text: `select distinct account from login_attempts where account = any($1) and failures >= $2 and ends_at >= clock_timestamp()`,
      values: [accounts.map((account) => this.#key(account)), limit.failures],
    })
    return new Set(rows.map(({ account }) => keys.get(account.toString('hex'))!))
  }

  /** Opens accounts to every address; answers those that were closed to some, each to one of several askers only. */
  async forgetAll(accounts: readonly string[]): Promise<ReadonlySet<string>> {
    const limit = loginLimit(await readSettings(this.pool))
    const keys = new Map(accounts.map((account) => [this.#key(account).toString('hex'), account]))
    const { rows } = await this.pool.query<{ account: Buffer; closed: boolean }>({
      name: 'forget-all-login-attempts',
      text: 'delete from login_attempts where account = any($1) returning account, failures >= $2 and ends_at >= clock_timestamp() as closed',
      values: [accounts.map((account) => this.#key(account)), limit?.failures ?? null],
    })
    return new Set(rows.filter(({ closed }) => closed).map(({ account }) => keys.get(account.toString('hex'))!))
  }

  /** Of an account alone, or of it and an address. */
  #key(account: string, address?: string): Buffer {
    return createHmac('sha256', this.rootKeys.derive('login-attempts'))
      .update(JSON.stringify(address === undefined ? [account] : [account, address]))
      .digest()
  }
}
