import type pg from 'pg'
import { writePermissions } from '../role/role-table.js'
import type { Access } from './access.js'

/** A role that is assigned was deleted meanwhile, or never was. */
export class RoleGoneError extends Error {}

/**
 * Brings a user's roles and permissions to the state of their stream, in the transaction of its events. Roles that were deleted are passed over,
 * but for those that are just being assigned. Errors: RoleGoneError.
 */
export async function writeAccess(
  db: pg.PoolClient,
  userId: string,
  { roles = [], permissions = [] }: Access,
  now: Date,
  assigned: readonly string[] = [],
): Promise<void> {
  await db.query('delete from user_roles where user_id = $1 and role_id <> all($2)', [userId, roles])
  // Held until the commit: a role that is being deleted is either gone before or takes the row with it after.
  const { rows } = await db.query<{ id: string }>('select id from roles where id = any($1) order by id for key share', [roles])
  const living = rows.map(({ id }) => id)
  if (assigned.some((id) => !living.includes(id))) throw new RoleGoneError('a role is assigned that is not there')
  await db.query(`insert into user_roles (user_id, role_id, created_at) select $1, id, $3 from unnest($2::text[]) as id on conflict do nothing`, [
    userId,
    living,
    now,
  ])
  await writePermissions(db, { table: 'user_permissions', owner: 'user_id' }, userId, permissions, now)
}
