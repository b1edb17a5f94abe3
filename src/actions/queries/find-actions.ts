import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { readTablePage, type TablePage } from '../../database/table-page.js'
import type { ActionRow, VersionRow } from '../action/action-table.js'

export type FoundVersion = Pick<VersionRow, 'id' | 'action_id' | 'number' | 'document' | 'code' | 'created_at' | 'updated_at'>

export type FoundAction = Pick<ActionRow, 'id' | 'document' | 'code' | 'created_at' | 'updated_at'> & {
  /** The version that runs. */
  readonly deployed: FoundVersion | undefined
}

interface ActionFilter {
  readonly id?: string | undefined
  readonly triggerId?: string | undefined
  readonly name?: string | undefined
  readonly deployed?: boolean | undefined
}

/** Actions as they are now, in the order of their creation, with the number of all that match. No secret is among it. */
export class FindActions extends Query<{ readonly rows: readonly FoundAction[]; readonly total: number }> {
  constructor(
    readonly filter: ActionFilter,
    readonly page: TablePage,
  ) {
    super()
  }
}

@QueryHandler(FindActions)
export class FindActionsHandler implements IQueryHandler<FindActions> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async execute({ filter, page }: FindActions): Promise<{ rows: FoundAction[]; total: number }> {
    const conditions = [
      ['id =', filter.id],
      ['trigger_id =', filter.triggerId],
      ['name =', filter.name],
      [`(document->>'deployed' is not null) =`, filter.deployed],
    ].filter(([, value]) => value !== undefined)
    const list = {
      table: 'actions',
      key: 'id',
      columns: `document, code, updated_at,
        (select to_jsonb(v) - 'encrypted_secrets' from action_versions v where v.action_id = actions.id and v.id = actions.document->>'deployed') as deployed`,
      where: conditions.map(([condition], n) => `${String(condition)} ($${n + 1})`),
      values: conditions.map(([, value]) => value),
    }
    const { rows, total } = await readTablePage<Row>(this.pool, list, page)
    return { total, rows: rows.map(({ deployed, ...row }) => ({ ...row, deployed: deployed ? withDates(deployed) : undefined })) }
  }
}

type Row = Omit<FoundAction, 'deployed'> & { readonly deployed: (Omit<FoundVersion, 'created_at' | 'updated_at'> & JsonTimes) | null }

interface JsonTimes {
  readonly created_at: string
  readonly updated_at: string
}

const withDates = <T extends JsonTimes>(row: T): Omit<T, keyof JsonTimes> & { created_at: Date; updated_at: Date } => ({
  ...row,
  created_at: new Date(row.created_at),
  updated_at: new Date(row.updated_at),
})
