import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { readTablePage, type TablePage } from '../../database/table-page.js'
import type { RoleDocument } from '../role/role.events.js'

/** What is left out does not restrict. */
interface RoleFilter {
  readonly ids?: readonly string[]
  /** A part of the name, in any case. */
  readonly name?: string | undefined
  /** Of this user. */
  readonly userId?: string
}

/** Roles as they are now, in the order of their creation (a user's: of their assignment), with the number of all that match. */
export class FindRoles extends Query<{ readonly rows: readonly RoleDocument[]; readonly total: number }> {
  constructor(
    readonly filter: RoleFilter,
    readonly page: TablePage,
  ) {
    super()
  }
}

@QueryHandler(FindRoles)
export class FindRolesHandler implements IQueryHandler<FindRoles> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async execute({ filter: { ids, name, userId }, page }: FindRoles): Promise<{ rows: RoleDocument[]; total: number }> {
    const values: unknown[] = []
    const value = (given: unknown): string => `$${values.push(given)}`
    const where = [
      ids && `id = any(${value(ids)})`,
      name !== undefined && `position(lower(${value(name)}) in lower(document->>'name')) > 0`,
      userId !== undefined && `user_id = ${value(userId)}`,
    ].filter((condition) => typeof condition === 'string')
    const table = userId === undefined ? 'roles' : OF_USERS
    const { rows, total } = await readTablePage<{ document: RoleDocument }>(this.pool, { table, key: 'id', columns: 'document', where, values }, page)
    return { rows: rows.map(({ document }) => document), total }
  }
}

const OF_USERS = '(select r.id, r.document, u.user_id, u.created_at from user_roles u join roles r on r.id = u.role_id) as roles_of_users'
