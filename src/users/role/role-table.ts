import type pg from 'pg'
import type { RolePermission } from './role.events.js'
import type { RoleState } from './role.js'

/** Brings the rows to the state of the stream, in the transaction of its events. Errors: 23505 when the name is taken. */
export async function writeRole(db: pg.PoolClient, id: string, state: RoleState, now: Date): Promise<void> {
  if (state.status === 'absent') {
    await db.query('delete from roles where id = $1', [id])
    return
  }
  await db.query(
    `insert into roles (id, document, created_at, updated_at) values ($1, $2, $3, $3)
     on conflict (id) do update set document = excluded.document, updated_at = excluded.updated_at`,
    [id, JSON.stringify(state.role), now],
  )
  await writePermissions(db, { table: 'role_permissions', owner: 'role_id' }, id, state.permissions, now)
}

/** Who holds permissions: a role, or a user. */
type PermissionTable = { readonly table: 'role_permissions'; readonly owner: 'role_id' } | { readonly table: 'user_permissions'; readonly owner: 'user_id' }

/** Leaves exactly these permissions; those that were there keep their age. */
export async function writePermissions(
  db: pg.PoolClient,
  { table, owner }: PermissionTable,
  id: string,
  permissions: readonly RolePermission[],
  now: Date,
): Promise<void> {
  const values = [id, permissions.map(({ resourceServerId }) => resourceServerId), permissions.map(({ name }) => name)]
  await db.query(
    `delete from ${table} where ${owner} = $1 and (resource_server_id, permission_name) not in (select * from unnest($2::text[], $3::text[]))`,
    values,
  )
  await db.query(
    `insert into ${table} (${owner}, resource_server_id, permission_name, created_at)
     select $1, api, name, $4 from unnest($2::text[], $3::text[]) as wanted(api, name) on conflict do nothing`,
    [...values, now],
  )
}
