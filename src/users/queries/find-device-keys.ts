import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import type { PersonalData } from '../../event-store/event.js'

/** `device` is a `Device`, sealed. */
export interface FoundDeviceKey {
  readonly id: string
  readonly userId: string
  readonly clientId: string | null
  readonly device: PersonalData
}

/** More are never shown. */
const MAX = 1000

/** Public keys of devices as they are now, by id, at most 1000; what is left out does not restrict. */
export class FindDeviceKeys extends Query<readonly FoundDeviceKey[]> {
  constructor(readonly filter: { readonly id?: string; readonly userId?: string | undefined; readonly clientId?: string | undefined }) {
    super()
  }
}

@QueryHandler(FindDeviceKeys)
export class FindDeviceKeysHandler implements IQueryHandler<FindDeviceKeys> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async execute({ filter: { id, userId, clientId } }: FindDeviceKeys): Promise<readonly FoundDeviceKey[]> {
    const values: unknown[] = []
    const where = (
      [
        ['id', id],
        ['user_id', userId],
        ['client_id', clientId],
      ] as const
    ).flatMap(([column, value]) => (value === undefined ? [] : [`${column} = $${values.push(value)}`]))
    const { rows } = await this.pool.query<FoundDeviceKey>(
      `select id, user_id as "userId", client_id as "clientId", device from device_keys ${where.length > 0 ? `where ${where.join(' and ')}` : ''} order by id limit ${MAX}`,
      values,
    )
    return rows
  }
}
