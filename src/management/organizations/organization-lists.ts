import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import type { ClientGrantDocument } from '../../authorization/index.js'
import { readTablePage, type TablePage } from '../../database/table-page.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { type FoundOrganization, openProfiles, type OrganizationConnection, type RoleDocument, type UserProfile } from '../../users/index.js'
import type { Rows } from '../paging/page.js'
import { invalidQuery } from '../validation/query.js'
import type { OrganizationCondition } from './organization-search.js'

interface ListedMember {
  readonly created_at: Date
  readonly user_id: string
  readonly name?: string
  readonly email?: string
  readonly picture?: string
  readonly roles?: readonly { readonly id: string; readonly name: string }[]
}

export interface ListedConnection {
  readonly document: OrganizationConnection
  readonly connection: { readonly name: string; readonly strategy: string }
}

interface GrantFilter {
  readonly clientId: string | undefined
  readonly audience: string | undefined
  readonly grantIds: readonly string[]
}

/** What lists and searches may be ordered by, as texts that sort as the values do; nothing of a caller's gets into a statement. */
const ORDERS = {
  created_at: `to_char(o.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`,
  name: `o.document->>'name'`,
  display_name: `coalesce(o.document->>'display_name', '')`,
} as const
export type Order = keyof typeof ORDERS

export interface Sort {
  readonly by: Order
  readonly descending: boolean
}

/** What `sort` asks for; undefined where it is not there. Errors: ManagementError 400. */
export function sortedBy(sort: string | undefined): Sort | undefined {
  if (sort === undefined) return undefined
  const [by = '', direction] = sort.split(':')
  if (!/^[a-z_]+:(1|-1)$/.test(sort)) throw invalidQuery('String does not match pattern ^(((-1|1)[,\\s]*)|([a-z_]+:(-1|1)))$', 'sort')
  if (!Object.hasOwn(ORDERS, by)) throw invalidQuery(`No enum match for: ${by.slice(0, 100)}`, 'sort')
  return { by: by as Order, descending: direction === '-1' }
}

/** Lists of what belongs to an organization, with the names of people, connections and roles: read where they are joined. */
@Injectable()
export class OrganizationLists {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly keys: PersonKeys,
  ) {}

  /** All of them, in an order of their own; `place` is what a row is ordered by. */
  async sorted({ by, descending }: Sort, { offset = 0, limit, after }: TablePage): Promise<Rows<FoundOrganization & { readonly place: string }>> {
    type Row = FoundOrganization & { readonly place: string }
    const { rows } = await this.pool.query<{ total: number; page: readonly Row[] }>(
      `with page as (
         select document, created_at, place from (select o.id, o.document, o.created_at, (${ORDERS[by]}) collate "C" as place from organizations o) as found
         where $1::text is null or place ${descending ? '<' : '>'} $1 or (place = $1 and id > $2::text collate "C")
         order by place ${descending ? 'desc' : 'asc'}, id offset $3 limit $4)
       select (select count(*)::int from organizations) as total, (select coalesce(json_agg(page), '[]') from page) as page`,
      [after?.[0] ?? null, after?.[1] ?? null, offset, limit],
    )
    const { total, page } = rows[0]!
    return { total, rows: page.map(({ document, created_at, place }) => ({ document, created_at: new Date(created_at), place })) }
  }

  /** Those that meet a condition, in the order of `by` and from behind a place in it; `place` is that of a row. */
  async search(
    { sql, values }: OrganizationCondition,
    { by, after, limit }: { readonly by: Order; readonly after: readonly [string, string] | undefined; readonly limit: number },
  ): Promise<readonly (Pick<FoundOrganization, 'document'> & { readonly place: string })[]> {
    const n = values.length
    const { rows } = await this.pool.query<Pick<FoundOrganization, 'document'> & { place: string }>(
      `select document, place from (select o.id, o.document, (${ORDERS[by]}) collate "C" as place from organizations o where ${sql}) as found
       where $${n + 1}::text is null or (place, id) > ($${n + 1}, $${n + 2}::text collate "C")
       order by place, id limit $${n + 3}`,
      [...values, after?.[0] ?? null, after?.[1] ?? null, limit],
    )
    return rows
  }

  /** In the order of their joining. */
  async members(organizationId: string, page: TablePage, { withRoles }: { readonly withRoles: boolean }): Promise<Rows<ListedMember>> {
    const columns = `document${withRoles ? `, ${MEMBER_ROLES} as roles` : ''}`
    const list = { table: MEMBERS, key: 'user_id', columns, where: ['organization_id = $1'], values: [organizationId] }
    const { rows, total } = await readTablePage<Pick<ListedMember, 'user_id' | 'roles'> & { document: UserProfile }>(this.pool, list, page)
    const people = await openProfiles(
      this.keys,
      rows.map(({ document }) => document),
      ['name', 'email', 'picture'],
    )
    const shown = rows.map(({ created_at, user_id, roles }, n) => {
      const { name, email, picture } = people[n]!
      const known = { name, email, picture, roles }
      return { created_at, user_id, ...(Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)) as Partial<ListedMember>) }
    })
    return { rows: shown, total }
  }

  /** In the order of their assignment. Undefined for who is no member. */
  async memberRoles(organizationId: string, userId: string, page: TablePage): Promise<Rows<RoleDocument> | undefined> {
    const { rowCount } = await this.pool.query('select from organization_members where organization_id = $1 and user_id = $2', [organizationId, userId])
    if (rowCount === 0) return undefined
    const list = { table: ROLES, key: 'id', columns: 'document', where: ['organization_id = $1', 'user_id = $2'], values: [organizationId, userId] }
    const { rows, total } = await readTablePage<{ document: RoleDocument }>(this.pool, list, page)
    return { rows: rows.map(({ document }) => document), total }
  }

  /** All, those that people can log in by or cannot, or the one with this id. */
  async connections(
    organizationId: string,
    page: TablePage,
    { connectionId, isEnabled }: { readonly connectionId?: string; readonly isEnabled?: boolean | undefined },
  ): Promise<Rows<ListedConnection>> {
    const conditions = [
      ['organization_id =', organizationId],
      ['connection_id =', connectionId],
      [`(document->'is_enabled' is distinct from 'false') =`, isEnabled],
    ].filter(([, value]) => value !== undefined)
    const where = conditions.map(([condition], n) => `${String(condition)} $${n + 1}`)
    const values = conditions.map(([, value]) => value)
    return readTablePage<ListedConnection>(this.pool, { table: CONNECTIONS, key: 'connection_id', columns: 'document, connection', where, values }, page)
  }

  async clientGrants(organizationId: string, page: TablePage, { clientId, audience, grantIds }: GrantFilter): Promise<Rows<ClientGrantDocument>> {
    const conditions = [
      ['organization_id =', organizationId],
      ['client_id =', clientId],
      ['audience =', audience],
      ['id = any', grantIds.length > 0 ? grantIds : undefined],
    ].filter(([, value]) => value !== undefined)
    const list = {
      table: GRANTS,
      key: 'id',
      columns: 'document',
      where: conditions.map(([condition], n) => `${String(condition)} ($${n + 1})`),
      values: conditions.map(([, value]) => value),
    }
    const { rows, total } = await readTablePage<{ document: ClientGrantDocument }>(this.pool, list, page)
    return { rows: rows.map(({ document }) => document), total }
  }
}

const MEMBERS = '(select m.organization_id, m.user_id, m.created_at, u.document from organization_members m join users u using (user_id)) as members'
const MEMBER_ROLES = `(
  select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'name', r.document->>'name') order by g.created_at, r.id), '[]')
  from organization_member_roles g join roles r on r.id = g.role_id where g.organization_id = members.organization_id and g.user_id = members.user_id
)`
const ROLES = `(
  select g.organization_id, g.user_id, g.created_at, r.id, r.document from organization_member_roles g join roles r on r.id = g.role_id
) as member_roles`
const CONNECTIONS = `(
  select o.organization_id, o.connection_id, o.document, o.created_at, jsonb_build_object('name', c.name, 'strategy', c.document->>'strategy') as connection
  from organization_connections o join connections c on c.id = o.connection_id
) as organization_connections_named`
const GRANTS = `(
  select o.organization_id, o.created_at, g.id, g.client_id, g.audience, g.document from organization_client_grants o join client_grants g on g.id = o.grant_id
) as grants_of_organizations`
