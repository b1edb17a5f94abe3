import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { readTablePage, type TablePage } from '../../database/table-page.js'
import type { FoundVersion } from './find-actions.js'

/** Versions of an Action in the order in which they were deployed, or the one with this id. */
export class FindActionVersions extends Query<{ readonly rows: readonly FoundVersion[]; readonly total: number }> {
  constructor(
    readonly actionId: string,
    readonly filter: { readonly id?: string },
    readonly page: TablePage,
  ) {
    super()
  }
}

@QueryHandler(FindActionVersions)
export class FindActionVersionsHandler implements IQueryHandler<FindActionVersions> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  execute({ actionId, filter, page }: FindActionVersions): Promise<{ rows: FoundVersion[]; total: number }> {
    const list = {
      table: 'action_versions',
      key: 'id',
      columns: 'action_id, number, document, code, updated_at',
      where: ['action_id = $1', ...(filter.id === undefined ? [] : ['id = $2'])],
      values: [actionId, ...(filter.id === undefined ? [] : [filter.id])],
    }
    return readTablePage<FoundVersion>(this.pool, list, page)
  }
}
