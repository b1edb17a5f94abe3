import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { LookupKey } from '../../keys/lookup-key.js'
import { normalizedEmail } from '../user/email.js'
import { findUserById, findUserByLookup, type UserRow } from '../user/user-table.js'

type UserKey = { readonly userId: string } | { readonly connectionId: string; readonly email: string }

/** A user without the password's hash; personal values are still encrypted. */
export type FoundUser = Omit<UserRow, 'password_hash'>

/** The user with this id, or with this address in a connection. */
export class FindUser extends Query<FoundUser | undefined> {
  constructor(readonly key: UserKey) {
    super()
  }
}

@QueryHandler(FindUser)
export class FindUserHandler implements IQueryHandler<FindUser> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly lookupKey: LookupKey,
  ) {}

  async execute({ key }: FindUser): Promise<FoundUser | undefined> {
    const row = await this.#find(key)
    if (!row) return undefined
    const { password_hash: _, ...found } = row
    return found
  }

  async #find(key: UserKey): Promise<UserRow | undefined> {
    if ('userId' in key) return findUserById(this.pool, key.userId)
    return findUserByLookup(this.pool, key.connectionId, 'email', await this.lookupKey.of('email', normalizedEmail(key.email)))
  }
}
