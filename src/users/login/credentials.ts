import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import { LookupKey } from '../../keys/lookup-key.js'
import { normalizedEmail } from '../user/email.js'

export interface Credentials {
  readonly userId: string
  readonly passwordHash: string | null
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
    const { rows } = await this.pool.query<{ user_id: string; password_hash: string | null }>({
      name: 'find-credentials',
      text: `
        select user_id, password_hash from users where connection_id = $1 and email_lookup = $2
        union
        select user_id, password_hash from users where connection_id = $1 and username_lookup = $3
        limit 1`,
      values: [connectionId, email, username],
    })
    return rows[0] && { userId: rows[0].user_id, passwordHash: rows[0].password_hash }
  }
}
