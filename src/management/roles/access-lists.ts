import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import { readTablePage, type TablePage } from '../../database/table-page.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { openProfiles, type UserProfile } from '../../users/index.js'
import type { Rows } from '../paging/page.js'

/** A permission as the Management API shows it. */
export interface ListedPermission {
  readonly resource_server_identifier: string
  readonly permission_name: string
  readonly resource_server_name: string
  readonly description: string
}

/** Where a user has it from. */
interface UserPermission extends ListedPermission {
  readonly sources: readonly { readonly source_id: string; readonly source_name: string; readonly source_type: 'DIRECT' | 'ROLE' }[]
}

interface RoleUser {
  readonly created_at: Date
  readonly user_id: string
  readonly name?: string
  readonly email?: string
  readonly picture?: string
}

/** Lists of who may do what, with the names of APIs, scopes and people that other modules keep: read where they are joined. */
@Injectable()
export class AccessLists {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly keys: PersonKeys,
  ) {}

  /** Only what an API still has: a permission of one that is gone, or that lost the scope, permits nothing. */
  async rolePermissions(roleId: string, page: TablePage): Promise<Rows<ListedPermission>> {
    return readTablePage<ListedPermission>(this.pool, { ...PERMISSIONS, table: OF_ROLES, where: ['role_id = $1'], values: [roleId] }, page)
  }

  /** Directly given ones and those of the user's roles, once each. */
  async userPermissions(userId: string, page: TablePage): Promise<Rows<UserPermission>> {
    const columns = `${PERMISSIONS.columns}, sources`
    return readTablePage<UserPermission>(this.pool, { ...PERMISSIONS, columns, table: OF_USER, where: [], values: [userId] }, page)
  }

  /** In the order of their assignment. */
  async roleUsers(roleId: string, page: TablePage): Promise<Rows<RoleUser>> {
    const list = { table: USERS, key: 'user_id', columns: 'document', where: ['role_id = $1'], values: [roleId] }
    const { rows, total } = await readTablePage<{ user_id: string; document: UserProfile }>(this.pool, list, page)
    const people = await openProfiles(
      this.keys,
      rows.map(({ document }) => document),
    )
    const shown = rows.map(({ created_at, user_id }, n) => {
      const { name, email, picture } = people[n]!
      return { created_at, user_id, ...defined({ name, email, picture }) }
    })
    return { rows: shown, total }
  }
}

const PERMISSIONS = { key: 'place', columns: 'resource_server_identifier, permission_name, resource_server_name, description' }

/** Joined with the scope that the permission is, of the very API that it was given for. */
const named = (permissions: string): string => `(
  select p.*, api.identifier as resource_server_identifier, api.document->>'name' as resource_server_name, coalesce(scope.description, '') as description,
    p.resource_server_id || ' ' || p.permission_name as place
  from ${permissions} as p
  join resource_servers api on api.id = p.resource_server_id
  cross join lateral (
    select s->>'description' as description from jsonb_array_elements(api.document->'scopes') as s where s->>'value' = p.permission_name limit 1
  ) as scope
) as permissions`

const OF_ROLES = named('role_permissions')

const source = (id: string, name: string, type: string): string => `jsonb_build_object('source_id', ${id}, 'source_name', ${name}, 'source_type', '${type}')`
const OF_USER = named(`(
  select resource_server_id, permission_name, min(created_at) as created_at, jsonb_agg(source order by source) as sources
  from (
    select resource_server_id, permission_name, created_at, ${source(`''`, `''`, 'DIRECT')} as source from user_permissions where user_id = $1
    union all
    select p.resource_server_id, p.permission_name, u.created_at, ${source('r.id', `r.document->>'name'`, 'ROLE')}
    from user_roles u join roles r on r.id = u.role_id join role_permissions p using (role_id) where u.user_id = $1
  ) as given
  group by resource_server_id, permission_name
)`)

const USERS = '(select r.role_id, r.created_at, r.user_id, u.document from user_roles r join users u using (user_id)) as users_of_roles'

const defined = (members: Readonly<Record<string, unknown>>): object => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
