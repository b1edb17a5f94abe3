import type pg from 'pg'
import type { UserProfile } from './user.events.js'
import type { UserState } from './user.js'

/** What a user is found by: keyed hashes (keys/lookup-key.ts). */
export interface UserLookups {
  readonly email?: Buffer | undefined
  readonly username?: Buffer | undefined
  readonly phoneNumber?: Buffer | undefined
}

export interface UserRow {
  readonly user_id: string
  readonly document: UserProfile
  readonly administrator: boolean
  readonly password_hash: string | null
  readonly created_at: Date
  readonly updated_at: Date
}

/** In the transaction of UserCreated. Errors: 23505 when one of the lookups is taken in the connection. */
export async function insertUser(
  db: pg.PoolClient,
  state: UserState,
  { email, username, phoneNumber }: UserLookups,
  passwordHash: string | undefined,
): Promise<void> {
  if (state.status === 'absent') throw new Error('a user is inserted who does not exist')
  const { profile, administrator, createdAt, updatedAt } = state
  await db.query(
    `insert into users (user_id, connection_id, email_lookup, username_lookup, phone_lookup, document, administrator, password_hash, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      profile.user_id,
      profile.identities[0].connection_id,
      email,
      username,
      phoneNumber,
      JSON.stringify(profile),
      administrator,
      passwordHash,
      createdAt,
      updatedAt,
    ],
  )
}

/** Brings the row to the state of the stream, in the transaction of its events; what is looked up by and the password are the caller's. */
export async function updateUser(db: pg.PoolClient, userId: string, state: UserState, passwordHash?: string): Promise<void> {
  if (state.status === 'absent') {
    await db.query('delete from users where user_id = $1', [userId])
    return
  }
  await db.query(`update users set document = $2, administrator = $3, updated_at = $4, password_hash = coalesce($5, password_hash) where user_id = $1`, [
    userId,
    JSON.stringify(state.profile),
    state.administrator,
    state.updatedAt,
    passwordHash,
  ])
}

const COLUMNS = 'user_id, document, administrator, password_hash, created_at, updated_at'

export async function findUserById(pool: pg.Pool, userId: string): Promise<UserRow | undefined> {
  const { rows } = await pool.query<UserRow>({ name: 'find-user', text: `select ${COLUMNS} from users where user_id = $1`, values: [userId] })
  return rows[0]
}

export async function findUserByEmailLookup(pool: pg.Pool, connectionId: string, lookup: Buffer): Promise<UserRow | undefined> {
  const { rows } = await pool.query<UserRow>({
    name: 'find-user-by-email',
    text: `select ${COLUMNS} from users where connection_id = $1 and email_lookup = $2`,
    values: [connectionId, lookup],
  })
  return rows[0]
}
