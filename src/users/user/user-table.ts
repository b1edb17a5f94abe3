import type pg from 'pg'
import type { UserLookups } from './lookups.js'
import type { UserProfile } from './user.events.js'
import type { UserState } from './user.js'

export interface UserRow {
  readonly user_id: string
  readonly document: UserProfile
  readonly administrator: boolean
  readonly password_hash: string | null
  readonly password_changed_at: Date | null
  readonly created_at: Date
  readonly updated_at: Date
}

/** The connection was deleted while somebody was about to be put into it. */
export class ConnectionGoneError extends Error {}

/**
 * In the transaction of UserCreated. Holds the connection's row until then, so that who deletes the connection finds this user.
 * Errors: 23505 when one of the lookups is taken in the connection; ConnectionGoneError.
 */
export async function insertUser(db: pg.PoolClient, state: UserState, lookups: UserLookups, passwordHash: string | undefined): Promise<void> {
  if (state.status === 'absent') throw new Error('a user is inserted who does not exist')
  const { profile, administrator, createdAt, updatedAt, loginsEndedAt } = state
  const { email, username, phoneNumber, search } = lookups
  const connectionId = profile.identities[0].connection_id
  const { rowCount } = await db.query('select from connections where id = $1 for share', [connectionId])
  if (rowCount === 0) throw new ConnectionGoneError('the connection was deleted')
  await db.query(
    `insert into users (user_id, connection_id, email_lookup, username_lookup, phone_lookup, search_lookups, document, administrator, password_hash,
       created_at, updated_at, logins_ended_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      ...[profile.user_id, connectionId, email, username, phoneNumber, search],
      ...[JSON.stringify(profile), administrator, passwordHash, createdAt, updatedAt, loginsEndedAt],
    ],
  )
}

/**
 * Brings the row to the state of the stream, in the transaction of its events. A password and lookups that are not given stay.
 * Errors: 23505 when one of the lookups is taken in the connection.
 */
export async function updateUser(
  db: pg.PoolClient,
  userId: string,
  state: UserState,
  { passwordHash, lookups }: { readonly passwordHash?: string | undefined; readonly lookups?: UserLookups | undefined } = {},
): Promise<void> {
  if (state.status === 'absent') {
    await db.query('delete from users where user_id = $1', [userId])
    return
  }
  const { profile, administrator, updatedAt, passwordChangedAt, loginsEndedAt } = state
  await db.query(
    `update users set document = $2, administrator = $3, updated_at = $4, password_changed_at = $5, logins_ended_at = $6,
       password_hash = coalesce($7, password_hash)
     where user_id = $1`,
    [userId, JSON.stringify(profile), administrator, updatedAt, passwordChangedAt, loginsEndedAt, passwordHash],
  )
  if (!lookups) return
  const { email, username, phoneNumber, search } = lookups
  await db.query('update users set email_lookup = $2, username_lookup = $3, phone_lookup = $4, search_lookups = $5 where user_id = $1', [
    userId,
    email,
    username,
    phoneNumber,
    search,
  ])
}

const COLUMNS = 'user_id, document, administrator, password_hash, password_changed_at, created_at, updated_at'

export async function findUserById(pool: pg.Pool, userId: string): Promise<UserRow | undefined> {
  const { rows } = await pool.query<UserRow>({ name: 'find-user', text: `select ${COLUMNS} from users where user_id = $1`, values: [userId] })
  return rows[0]
}

/** By one of the lookups that are unique in a connection. */
export async function findUserByLookup(
  pool: pg.Pool,
  connectionId: string,
  kind: 'email' | 'username' | 'phone',
  lookup: Buffer,
): Promise<UserRow | undefined> {
  const { rows } = await pool.query<UserRow>({
    name: `find-user-by-${kind}`,
    text: `select ${COLUMNS} from users where connection_id = $1 and ${kind}_lookup = $2`,
    values: [connectionId, lookup],
  })
  return rows[0]
}
