import { createHash, randomBytes } from 'node:crypto'
import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import type { Suspended } from '../../actions/index.js'
import type { PersonalData } from '../../event-store/event.js'
import type { Parameters } from '../../http/body.js'
import { PersonKeys } from '../../keys/person-keys.js'

/** A login while its browser is elsewhere. */
export interface PendingLogin {
  /** The request as it came; it is checked anew when the login goes on. */
  readonly parameters: Parameters
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly userId: string
  readonly sessionId: string
  readonly transactionId: string
  /** When the session was found good, before anything was decided. */
  readonly authorizedAt: string
  readonly suspended: Suspended
}

const LIFETIME = '1 hour'
/** Of a session; older ones go, so that a browser that never comes back cannot fill the table. */
const KEPT = 20
const CLEARED = 1000

/**
 * Logins that wait for their browsers (spec/actions.md §3.4). What is kept is sealed for the person; it is found by the state that the browser was
 * sent away with, opens for that browser alone, and once. At rest there are hashes of both.
 */
@Injectable()
export class SuspendedLogins {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly personKeys: PersonKeys,
  ) {}

  /** Answers the state: 256 random bits. `binding` is the browser's secret. */
  async keep(login: PendingLogin, binding: string): Promise<string> {
    const state = randomBytes(32).toString('base64url')
    const sealed = await this.personKeys.seal(login.userId, login)
    await this.pool.query({ name: 'suspend-login', text: KEEP, values: [hash(state), hash(binding), login.sessionId, sealed, LIFETIME, KEPT - 1] })
    return state
  }

  /** Of any number who ask at once, one gets it. Undefined for another browser's, which stays; and when the person was erased meanwhile. */
  async take(state: string, binding: string): Promise<PendingLogin | undefined> {
    const { rows } = await this.pool.query<{ sealed: PersonalData }>({ name: 'take-suspended-login', text: TAKE, values: [hash(state), hash(binding)] })
    return rows[0] && this.personKeys.open<PendingLogin>(rows[0].sealed)
  }

  /** Clears away what is too old to be continued; answers how many. */
  async forget(): Promise<number> {
    const { rowCount } = await this.pool.query({ name: 'forget-suspended-logins', text: FORGET, values: [CLEARED] })
    return rowCount ?? 0
  }
}

const hash = (secret: string): Buffer => createHash('sha256').update(secret).digest()

const KEEP = `
  with superseded as (
    delete from suspended_logins where state_hash = any(array(
      select state_hash from suspended_logins where session_id = $3 order by expires_at desc offset $6)))
  insert into suspended_logins (state_hash, binding_hash, session_id, sealed, expires_at) values ($1, $2, $3, $4, now() + $5::interval)`
const TAKE = `delete from suspended_logins where state_hash = $1 and binding_hash = $2 and expires_at > now() returning sealed`
const FORGET = `
  delete from suspended_logins where state_hash = any(array(
    select state_hash from suspended_logins where expires_at <= now() order by expires_at limit $1 for update skip locked))`
