import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { readTablePage, type TablePage } from '../../database/table-page.js'
import type { ConsentParties } from '../consent/consent.events.js'

export interface ListedConsent extends ConsentParties {
  readonly id: string
  readonly scope: readonly string[]
}

interface ConsentFilter {
  readonly userId?: string | undefined
  readonly clientId?: string | undefined
  /** Null: for logins without an API. */
  readonly audience?: string | null | undefined
}

/** What people let clients have, in the order in which it was first given, with the number of all that match. Not that of clients that are gone. */
export class FindConsents extends Query<{ readonly rows: readonly ListedConsent[]; readonly total: number }> {
  constructor(
    readonly filter: ConsentFilter,
    readonly page: TablePage,
  ) {
    super()
  }
}

interface Row {
  readonly id: string
  readonly user_id: string
  readonly client_id: string
  readonly audience: string | null
  readonly scope: readonly string[]
}

@QueryHandler(FindConsents)
export class FindConsentsHandler implements IQueryHandler<FindConsents> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async execute({ filter: { userId, clientId, audience }, page }: FindConsents): Promise<{ rows: ListedConsent[]; total: number }> {
    const conditions = [
      ['user_id', userId],
      ['client_id', clientId],
      ['audience', audience ?? undefined],
    ].filter(([, value]) => value !== undefined)
    const list = {
      table: 'consents',
      key: 'id',
      columns: 'user_id, client_id, audience, scope',
      where: [
        ...conditions.map(([column], n) => `${column} = $${n + 1}`),
        ...(audience === null ? ['audience is null'] : []),
        // A client's consents are withdrawn in the background, however many they are.
        'exists (select from clients c where c.client_id = consents.client_id)',
      ],
      values: conditions.map(([, value]) => value),
    }
    const { rows, total } = await readTablePage<Row>(this.pool, list, page)
    return { rows: rows.map(({ id, user_id, client_id, audience: at, scope }) => ({ id, userId: user_id, clientId: client_id, audience: at, scope })), total }
  }
}
