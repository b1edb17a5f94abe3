import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'

/** A place in the order in which consents were first given. */
export interface ConsentPlace {
  readonly id: string
  readonly givenAt: Date
}

/** Reads which consents a person has given, or a client was given. */
@Injectable()
export class ConsentIds {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  /** A page after a place, of those first given at or before `until` (ISO), where that is named. */
  async find(
    whose: { readonly userId: string } | { readonly clientId: string },
    until: string | undefined,
    after: ConsentPlace | undefined,
    limit: number,
  ): Promise<ConsentPlace[]> {
    const [column, value] = 'userId' in whose ? ['user_id', whose.userId] : ['client_id', whose.clientId]
    const { rows } = await this.pool.query<ConsentPlace>({
      name: `consent-ids-by-${column}`,
      text: `select id, created_at as "givenAt" from consents
             where ${column} = $1 and (created_at, id) > ($2, $3) and created_at <= $4 order by created_at, id limit $5`,
      values: [value, after?.givenAt ?? '-infinity', after?.id ?? '', until ?? 'infinity', limit],
    })
    return rows
  }
}
