import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import type { Context, PersonalData } from '../../event-store/event.js'

export interface LogoutMessage {
  readonly session_id: string
  readonly client_id: string
  readonly user_id: string
  readonly initiator: string
  /** The session's, sealed. */
  readonly metadata: PersonalData | null
  /** What ended the session; null in messages of before. */
  readonly cause: Context | null
  /** How often it was tried, this time included. */
  readonly tries: number
}

/** Longer than a delivery may take: whoever dies in the middle of one leaves it to be tried again. */
const CLAIM_SECONDS = 30
/** A client is told once of a session's end, also when the log is read again. */
const KEEP = '1 day'

/** What is still to be told to clients, kept until it was answered or given up. */
@Injectable()
export class LogoutMessages {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  /** Safe to repeat. */
  async add(message: Omit<LogoutMessage, 'tries'>): Promise<void> {
    const { session_id, client_id, user_id, initiator, metadata, cause } = message
    await this.pool.query(
      `insert into logout_messages (session_id, client_id, user_id, initiator, metadata, cause) values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
      [session_id, client_id, user_id, initiator, metadata, cause],
    )
  }

  /** Takes messages that are due, the longest waiting first; nobody else gets them for half a minute. */
  async claim(limit: number): Promise<LogoutMessage[]> {
    const { rows } = await this.pool.query<LogoutMessage>({ name: 'claim-logout-messages', text: CLAIM, values: [limit, CLAIM_SECONDS] })
    return rows
  }

  async tryAgain({ session_id, client_id }: LogoutMessage, inSeconds: number): Promise<void> {
    await this.pool.query(`update logout_messages set next_try_at = now() + make_interval(secs => $3) where session_id = $1 and client_id = $2`, [
      session_id,
      client_id,
      inSeconds,
    ])
  }

  async end({ session_id, client_id }: LogoutMessage): Promise<void> {
    await this.pool.query(
      `update logout_messages set next_try_at = null, ended_at = now(), metadata = null, cause = null where session_id = $1 and client_id = $2`,
      [session_id, client_id],
    )
  }

  async forgetEnded(): Promise<void> {
    await this.pool.query(`delete from logout_messages where ended_at < now() - interval '${KEEP}'`)
  }
}

const CLAIM = `
  update logout_messages m set tries = tries + 1, next_try_at = now() + make_interval(secs => $2)
  from (select session_id, client_id from logout_messages where next_try_at <= now() order by next_try_at limit $1 for update skip locked) as due
  where m.session_id = due.session_id and m.client_id = due.client_id
  returning m.session_id, m.client_id, m.user_id, m.initiator, m.metadata, m.cause, m.tries`
