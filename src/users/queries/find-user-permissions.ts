import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'

/**
 * What a user is permitted at the API with this id, directly and by their roles, as it is now; sorted. In an organization count the roles that
 * they have there, in the place of the others (spec/actions.md §2.2).
 */
export class FindUserPermissions extends Query<readonly string[]> {
  constructor(
    readonly userId: string,
    readonly resourceServerId: string,
    readonly organizationId?: string,
  ) {
    super()
  }
}

@QueryHandler(FindUserPermissions)
export class FindUserPermissionsHandler implements IQueryHandler<FindUserPermissions> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async execute({ userId, resourceServerId, organizationId }: FindUserPermissions): Promise<readonly string[]> {
    const values = [userId, resourceServerId]
    const { rows } = await this.pool.query<{ name: string }>(
      organizationId === undefined
        ? { name: 'find-user-permissions', text: permissionsBy('user_roles'), values }
        : {
            name: 'find-member-permissions',
            text: permissionsBy('organization_member_roles', 'and r.organization_id = $3'),
            values: [...values, organizationId],
          },
    )
    return rows.map(({ name }) => name)
  }
}

const permissionsBy = (roles: 'user_roles' | 'organization_member_roles', where = ''): string => `
  select permission_name as name from user_permissions where user_id = $1 and resource_server_id = $2
  union
  select p.permission_name from ${roles} r join role_permissions p using (role_id) where r.user_id = $1 and p.resource_server_id = $2 ${where}
  order by name`
