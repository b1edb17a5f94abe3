import type pg from 'pg'
import type { ConnectionDocument } from './connection.events.js'
import type { ConnectionState } from './connection.js'

export interface ConnectionRow {
  readonly id: string
  readonly document: ConnectionDocument
  readonly encrypted_secrets: string | null
  readonly created_at: Date
}

/** Names of the constraints that a new or changed connection may violate. */
export const UNIQUE_REALM = 'connection_realms_pkey'

/** Brings the row to the state of the stream, in the transaction of its events. Secrets that are not given stay. Errors: 23505 for a name or realm of another one. */
export async function writeConnection(db: pg.PoolClient, id: string, state: ConnectionState, now: Date, encryptedSecrets?: string | null): Promise<void> {
  if (state.status === 'absent') {
    await db.query('delete from connections where id = $1', [id])
    return
  }
  await db.query(
    `insert into connections (id, name, document, encrypted_secrets, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)
     on conflict (id) do update
     set document = excluded.document, updated_at = excluded.updated_at,
         encrypted_secrets = case when $6 then excluded.encrypted_secrets else connections.encrypted_secrets end`,
    [id, state.connection.name, JSON.stringify(state.connection), encryptedSecrets, now, encryptedSecrets !== undefined],
  )
  const { realms } = state.connection
  await db.query('delete from connection_realms where connection_id = $1 and realm <> all($2)', [id, realms])
  await db.query(
    `insert into connection_realms (realm, connection_id) select distinct realm, $1 from unnest($2::text[]) as realm
     where not exists (select from connection_realms as r where r.realm = realm.realm and r.connection_id = $1)`,
    [id, realms],
  )
}

export async function findConnectionByName(pool: pg.Pool, name: string): Promise<ConnectionDocument | undefined> {
  const { rows } = await pool.query<{ document: ConnectionDocument }>({
    name: 'find-connection-by-name',
    text: 'select document from connections where name = $1',
    values: [name],
  })
  return rows[0]?.document
}
