import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { CatchUp } from '../../event-store/catch-up.js'
import { refreshTokensProjection } from '../refresh-token/refresh-tokens.projection.js'
import { IS_ACTIVE } from './is-active.js'

/** A refresh token as the older API shows it (spec/management-api.md §2.8): under a second id, with where it was issued, sealed. */
export interface DeviceCredential {
  readonly id: string
  readonly familyId: string
  readonly userId: string
  readonly clientId: string
  readonly rotating: boolean
  readonly initialOrigin: string | null
}

interface DeviceCredentials {
  readonly credentials: readonly DeviceCredential[]
  readonly total: number
  /** False when the read model could not catch up in time. */
  readonly current: boolean
}

/** More are never shown. */
const MAX = 1000

/** Active, unexpired refresh tokens, narrowed by what is named. */
export class FindDeviceCredentials extends Query<DeviceCredentials> {
  constructor(
    readonly filter: {
      readonly id?: string
      readonly userId?: string | undefined
      readonly clientId?: string | undefined
      readonly rotating?: boolean | undefined
    },
    readonly page: { readonly offset: number; readonly limit: number },
  ) {
    super()
  }
}

@QueryHandler(FindDeviceCredentials)
export class FindDeviceCredentialsHandler implements IQueryHandler<FindDeviceCredentials> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly catchUp: CatchUp,
  ) {}

  async execute({ filter: { id, userId, clientId, rotating }, page: { offset, limit } }: FindDeviceCredentials): Promise<DeviceCredentials> {
    const current = await this.catchUp.caughtUp(refreshTokensProjection.name)
    const narrowed = [
      ['device_credential_id', id],
      ['user_id', userId],
      ['client_id', clientId],
      ['rotating', rotating],
    ].filter(([, value]) => value !== undefined)
    const where = narrowed.map(([column], n) => `and t.${String(column)} = $${n + 1}`).join(' ')
    // As the index of what narrows most has them.
    const order = clientId !== undefined && userId === undefined && id === undefined ? 't.created_at, t.id' : 't.id'
    const { rows } = await this.pool.query<DeviceCredential>(
      `${FIND} ${where} order by ${order} limit ${MAX}`,
      narrowed.map(([, value]) => value),
    )
    return { credentials: rows.slice(offset, offset + limit), total: rows.length, current }
  }
}

const FIND = `
  select t.device_credential_id as id, t.id as "familyId", t.user_id as "userId", t.client_id as "clientId", t.rotating, t.initial_origin as "initialOrigin"
  from refresh_tokens t
  where ${IS_ACTIVE}`
