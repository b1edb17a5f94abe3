import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'

/** What a user is permitted at the API with this id, directly and by their roles, as it is now; sorted. */
export class FindUserPermissions extends Query<readonly string[]> {
  constructor(
    readonly userId: string,
    readonly resourceServerId: string,
  ) {
    super()
  }
}

@QueryHandler(FindUserPermissions)
export class FindUserPermissionsHandler implements IQueryHandler<FindUserPermissions> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async execute({ userId, resourceServerId }: FindUserPermissions): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ name: string }>({
      name: 'find-user-permissions',
      text: `
        select permission_name as name from user_permissions where user_id = $1 and resource_server_id = $2
        union
        select p.permission_name from user_roles r join role_permissions p using (role_id) where r.user_id = $1 and p.resource_server_id = $2
        order by name`,
      values: [userId, resourceServerId],
    })
    return rows.map(({ name }) => name)
  }
}
