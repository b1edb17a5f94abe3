import { createHmac } from 'node:crypto'
import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import { RootKeys } from '../../keys/root-key.js'

/** Auth0's number of wrong passwords for one account from one address. */
export const MAX_FAILURES = 10
/** How long after the last one that counted the next may be made. */
const COOL_DOWN_SECONDS = 900
/** Counters that are over and done with, removed by each attempt. */
const SWEPT_AT_ONCE = 10

/**
 * Limits guessing at passwords, per account and address, for all workers together. An attempt is counted before its password is
 * looked at, so that a hundred at once are no more than ten; a right one takes the count away.
 */
@Injectable()
export class LoginAttempts {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly rootKeys: RootKeys,
  ) {}

  /** Answers how many attempts this makes, more than MAX_FAILURES when it must not be made. Those count no further, so that the lock ends. */
  async count(account: string, address: string): Promise<number> {
    const { rows } = await this.pool.query<{ failures: number }>({
      name: 'count-login-attempt',
      text: `
        with swept as (
          delete from login_attempts where key in (
            select key from login_attempts where ends_at < clock_timestamp() and key <> $1 order by ends_at limit ${SWEPT_AT_ONCE} for update skip locked
          )
        )
        insert into login_attempts as l (key, failures, ends_at) values ($1, 1, clock_timestamp() + make_interval(secs => $2))
        on conflict (key) do update set
          failures = case when l.ends_at < clock_timestamp() then 1 else least(l.failures + 1, $3 + 1) end,
          ends_at = case when l.ends_at >= clock_timestamp() and l.failures >= $3 then l.ends_at else excluded.ends_at end
        returning failures`,
      values: [this.#key(account, address), COOL_DOWN_SECONDS, MAX_FAILURES],
    })
    return rows[0]!.failures
  }

  async forget(account: string, address: string): Promise<void> {
    await this.pool.query({ name: 'forget-login-attempts', text: 'delete from login_attempts where key = $1', values: [this.#key(account, address)] })
  }

  #key(account: string, address: string): Buffer {
    return createHmac('sha256', this.rootKeys.derive('login-attempts'))
      .update(JSON.stringify([account, address]))
      .digest()
  }
}
