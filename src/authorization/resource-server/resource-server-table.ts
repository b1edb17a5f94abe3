import type pg from 'pg'
import type { ResourceServerDocument } from './resource-server.events.js'
import type { ResourceServerState } from './resource-server.js'

/** Brings the row to the state of the stream, in the transaction of its events. A signing secret that is not given stays. Errors: 23505 when the identifier is taken. */
export async function writeResourceServer(db: pg.PoolClient, id: string, state: ResourceServerState, now: Date, encryptedSecret?: string): Promise<void> {
  if (state.status === 'absent') {
    await db.query('delete from resource_servers where id = $1', [id])
    return
  }
  await db.query(
    `insert into resource_servers (id, identifier, document, encrypted_signing_secret, created_at, updated_at) values ($1, $2, $3, $5, $4, $4)
     on conflict (id) do update set document = excluded.document, updated_at = excluded.updated_at,
       encrypted_signing_secret = coalesce(excluded.encrypted_signing_secret, resource_servers.encrypted_signing_secret)`,
    [id, state.resourceServer.identifier, JSON.stringify(state.resourceServer), now, encryptedSecret],
  )
}

interface ResourceServerRow {
  readonly id: string
  readonly document: ResourceServerDocument
  readonly encrypted_signing_secret: string | null
}

/** With the version of its stream, as of the same moment. */
export async function findResourceServerRow(pool: pg.Pool, identifier: string): Promise<(ResourceServerRow & { version: number }) | undefined> {
  const { rows } = await pool.query<ResourceServerRow & { version: number }>({
    name: 'find-resource-server',
    text: `select id, document, encrypted_signing_secret, (select version from streams s where s.id = 'resource_server-' || r.id) as version
           from resource_servers r where identifier = $1`,
    values: [identifier],
  })
  return rows[0]
}
