import type pg from 'pg'
import type { OrganizationState } from './organization.js'

/** A connection or client grant that is added was deleted meanwhile, or never was. */
export class OrganizationItemGoneError extends Error {}

/**
 * Brings the rows to the state of the stream, in the transaction of its events. Connections and client grants that were deleted are passed
 * over, but for the one that is just being added. Errors: 23505 when the name is taken; OrganizationItemGoneError.
 */
export async function writeOrganization(db: pg.PoolClient, id: string, state: OrganizationState, now: Date, added: readonly string[] = []): Promise<void> {
  if (state.status === 'absent') {
    await db.query('delete from organizations where id = $1', [id])
    return
  }
  const { organization, connections, clientGrants } = state
  await db.query(
    `insert into organizations (id, document, created_at, updated_at) values ($1, $2, $3, $3)
     on conflict (id) do update set document = excluded.document, updated_at = excluded.updated_at`,
    [id, JSON.stringify(organization), now],
  )
  await writeConnections(db, id, connections, now, added)
  await writeClientGrants(db, id, clientGrants, now, added)
}

type Present = Extract<OrganizationState, { status: 'present' }>

async function writeConnections(db: pg.PoolClient, id: string, connections: Present['connections'], now: Date, added: readonly string[]): Promise<void> {
  const ids = connections.map(({ connection_id }) => connection_id)
  await db.query('delete from organization_connections where organization_id = $1 and connection_id <> all($2)', [id, ids])
  const living = await hold(db, 'connections', ids, added)
  const documents = connections.filter(({ connection_id }) => living.has(connection_id))
  await db.query(
    `insert into organization_connections (organization_id, connection_id, document, created_at)
     select $1, one->>'connection_id', one, $3 from jsonb_array_elements($2::jsonb) as one
     on conflict (organization_id, connection_id) do update set document = excluded.document`,
    [id, JSON.stringify(documents), now],
  )
}

async function writeClientGrants(db: pg.PoolClient, id: string, grants: readonly string[], now: Date, added: readonly string[]): Promise<void> {
  await db.query('delete from organization_client_grants where organization_id = $1 and grant_id <> all($2)', [id, grants])
  const living = await hold(db, 'client_grants', grants, added)
  await db.query(
    `insert into organization_client_grants (organization_id, grant_id, created_at) select $1, grant_id, $3 from unnest($2::text[]) as grant_id
     on conflict do nothing`,
    [id, [...living], now],
  )
}

/** Holds the rows until the commit: one that is being deleted is either gone before or takes its row here with it after. */
async function hold(db: pg.PoolClient, table: 'connections' | 'client_grants', ids: readonly string[], added: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const { rows } = await db.query<{ id: string }>(`select id from ${table} where id = any($1) order by id for key share`, [ids])
  const living = new Set(rows.map(({ id }) => id))
  if (ids.some((one) => added.includes(one) && !living.has(one))) throw new OrganizationItemGoneError('what is added to an organization is not there')
  return living
}
