import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import { LookupKey } from '../../keys/lookup-key.js'
import { normalizedEmail } from '../user/email.js'

export interface Credentials {
  readonly userId: string
  readonly passwordHash: string | null
  /** By it they are told from whoever bears their id after them. */
  readonly createdAt: Date
  /** When their logins were ended last, read in the same moment as the hash. */
  readonly loginsEndedAt: Date | null
  /** That moment or a little before it, by the database's clock. */
  readonly at: Date
}

/** Finds who a person says they are on the login page: by address or by username, in one connection. */
@Injectable()
export class CredentialsTable {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly lookupKey: LookupKey,
  ) {}

  async find(connectionId: string, identifier: string): Promise<Credentials | undefined> {
    const spelled = normalizedEmail(identifier)
    const [email, username] = await Promise.all([this.lookupKey.of('email', spelled), this.lookupKey.of('username', spelled)])
    const { rows } = await this.pool.query<Row>({
      name: 'find-credentials',
      text: `
        select user_id, password_hash, created_at, logins_ended_at, now() as at from users where connection_id = $1 and email_lookup = $2
        union
        select user_id, password_hash, created_at, logins_ended_at, now() as at from users where connection_id = $1 and username_lookup = $3
        limit 1`,
      values: [connectionId, email, username],
    })
    const [row] = rows
    return row && { userId: row.user_id, passwordHash: row.password_hash, createdAt: row.created_at, loginsEndedAt: row.logins_ended_at, at: row.at }
  }
}

interface Row {
  readonly user_id: string
  readonly password_hash: string | null
  readonly created_at: Date
  readonly logins_ended_at: Date | null
  readonly at: Date
}
