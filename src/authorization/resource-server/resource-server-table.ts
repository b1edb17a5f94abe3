import type pg from 'pg'
import type { ResourceServerDocument } from './resource-server.events.js'
import type { ResourceServerState } from './resource-server.js'

/** Brings the row to the state of the stream, in the transaction of its events. Errors: 23505 when the identifier is taken. */
export async function writeResourceServer(db: pg.PoolClient, id: string, state: ResourceServerState, now: Date): Promise<void> {
  if (state.status === 'absent') {
    await db.query('delete from resource_servers where id = $1', [id])
    return
  }
  await db.query(
    `insert into resource_servers (id, identifier, document, created_at, updated_at) values ($1, $2, $3, $4, $4)
     on conflict (id) do update set document = excluded.document, updated_at = excluded.updated_at`,
    [id, state.resourceServer.identifier, JSON.stringify(state.resourceServer), now],
  )
}

export async function findResourceServerByIdentifier(pool: pg.Pool, identifier: string): Promise<ResourceServerDocument | undefined> {
  const { rows } = await pool.query<{ document: ResourceServerDocument }>({
    name: 'find-resource-server',
    text: 'select document from resource_servers where identifier = $1',
    values: [identifier],
  })
  return rows[0]?.document
}
