import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import { normalizedEmail } from '../user/email.js'
import { findUserById } from '../user/user-table.js'
import { CredentialsTable } from './credentials.js'

/** Who somebody may be that logs in: a user, or what they typed. */
export type AccountKey = { readonly userId: string } | { readonly identifier: string }

interface LoginAccount {
  /** What attempts are counted for. */
  readonly account: string
  /** The connection's name. */
  readonly connection: string
  /** Absent for what people type and nobody has. */
  readonly userId?: string
}

/** By id where there is one: email and username are two names of one account, not twice the attempts. */
export const accountOf = (connectionId: string, identifier: string, userId: string | undefined): string =>
  userId ?? JSON.stringify([connectionId, normalizedEmail(identifier)])

/** The accounts that an operator means. */
@Injectable()
export class LoginAccounts {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly credentials: CredentialsTable,
  ) {}

  /** Of a user, none or one; of what people type, one in each database connection, also where nobody has it. */
  async of(key: AccountKey): Promise<LoginAccount[]> {
    if ('userId' in key) {
      const found = await findUserById(this.pool, key.userId)
      return found ? [{ account: found.user_id, connection: found.document.identities[0].connection, userId: found.user_id }] : []
    }
    const { rows } = await this.pool.query<{ id: string; name: string }>({
      name: 'find-database-connections',
      text: `select id, name from connections where document->>'strategy' = 'auth0' order by created_at, id`,
    })
    const accounts: LoginAccount[] = []
    for (const { id, name } of rows) {
      const found = await this.credentials.find(id, key.identifier)
      accounts.push({ account: accountOf(id, key.identifier, found?.userId), connection: name, ...(found && { userId: found.userId }) })
    }
    return accounts
  }
}
