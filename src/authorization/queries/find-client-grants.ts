import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { readTablePage, type TablePage } from '../../database/table-page.js'
import type { ClientGrantDocument } from '../client-grant/client-grant.events.js'

interface ListedClientGrant {
  readonly document: ClientGrantDocument
  readonly createdAt: string
}

interface ClientGrantFilter {
  readonly id?: string | undefined
  readonly clientId?: string | undefined
  readonly audience?: string | undefined
  readonly subjectType?: string | undefined
  readonly allowAnyOrganization?: boolean | undefined
  readonly defaultFor?: string | undefined
}

/** Client grants as they are now, in the order of their creation, with the number of all that match. */
export class FindClientGrants extends Query<{ readonly rows: readonly ListedClientGrant[]; readonly total: number }> {
  constructor(
    readonly filter: ClientGrantFilter,
    readonly page: TablePage,
  ) {
    super()
  }
}

@QueryHandler(FindClientGrants)
export class FindClientGrantsHandler implements IQueryHandler<FindClientGrants> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async execute({ filter, page }: FindClientGrants): Promise<{ rows: ListedClientGrant[]; total: number }> {
    const conditions = [
      ['id', filter.id],
      ['client_id', filter.clientId],
      ['audience', filter.audience],
      ['subject_type', filter.subjectType],
      [`coalesce((document->>'allow_any_organization')::boolean, false)`, filter.allowAnyOrganization],
      [`document->>'default_for'`, filter.defaultFor],
    ].filter(([, value]) => value !== undefined)
    const list = {
      table: 'client_grants',
      key: 'id',
      columns: 'document',
      where: conditions.map(([column], n) => `${String(column)} = $${n + 1}`),
      values: conditions.map(([, value]) => value),
    }
    const { rows, total } = await readTablePage<{ document: ClientGrantDocument }>(this.pool, list, page)
    return { rows: rows.map(({ document, created_at }) => ({ document, createdAt: created_at.toISOString() })), total }
  }
}
