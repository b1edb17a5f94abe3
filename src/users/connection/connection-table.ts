import type pg from 'pg'
import type { ConnectionDocument } from './connection.events.js'
import type { ConnectionState } from './connection.js'

/** Brings the row to the state of the stream, in the transaction of its events. */
export async function writeConnection(db: pg.PoolClient, id: string, state: ConnectionState, now: Date): Promise<void> {
  if (state.status === 'absent') {
    await db.query('delete from connections where id = $1', [id])
    return
  }
  await db.query(
    `insert into connections (id, name, document, created_at, updated_at) values ($1, $2, $3, $4, $4)
     on conflict (id) do update set document = excluded.document, updated_at = excluded.updated_at`,
    [id, state.connection.name, JSON.stringify(state.connection), now],
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
