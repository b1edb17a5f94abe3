import type pg from 'pg'
import { RoleGoneError } from './access-table.js'
import type { Membership, Memberships } from './membership.js'

/** The organization that somebody is to join was deleted meanwhile, or never was. */
export class OrganizationGoneError extends Error {}

/**
 * Brings a user's rows of one organization to the state of their stream, in the transaction of its events. Roles that were deleted are passed
 * over, but for those that are just being assigned. Errors: OrganizationGoneError, RoleGoneError.
 */
export async function writeMembership(
  db: pg.PoolClient,
  userId: string,
  organizationId: string,
  { memberships = [] }: Memberships,
  now: Date,
  assigned: readonly string[] = [],
): Promise<void> {
  const held = memberships.find((one) => one.organizationId === organizationId)
  if (!held) {
    await db.query('delete from organization_members where organization_id = $1 and user_id = $2', [organizationId, userId])
    return
  }
  // Held until the commit, as roles are below: whoever deletes it finds this member.
  const { rowCount } = await db.query('select from organizations where id = $1 for key share', [organizationId])
  if (rowCount === 0) throw new OrganizationGoneError('the organization was deleted')
  await db.query('insert into organization_members (organization_id, user_id, created_at) values ($1, $2, $3) on conflict do nothing', [
    organizationId,
    userId,
    now,
  ])
  await writeRoles(db, userId, held, now, assigned)
}

async function writeRoles(db: pg.PoolClient, userId: string, { organizationId, roles }: Membership, now: Date, assigned: readonly string[]): Promise<void> {
  await db.query('delete from organization_member_roles where organization_id = $1 and user_id = $2 and role_id <> all($3)', [organizationId, userId, roles])
  if (roles.length === 0) return
  const { rows } = await db.query<{ id: string }>('select id from roles where id = any($1) order by id for key share', [roles])
  const living = rows.map(({ id }) => id)
  if (assigned.some((id) => !living.includes(id))) throw new RoleGoneError('a role is assigned that is not there')
  await db.query(
    `insert into organization_member_roles (organization_id, user_id, role_id, created_at) select $1, $2, id, $4 from unnest($3::text[]) as id
     on conflict do nothing`,
    [organizationId, userId, living, now],
  )
}
