import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { EventStore } from '../../event-store/event-store.js'
import type { ActiveFamily } from '../refresh-token/family.js'
import { isExpired } from '../refresh-token/lifetimes.js'
import { familyUnderMarks } from '../refresh-token/family-under-marks.js'
import type { RefreshTokenRow } from '../refresh-token/refresh-tokens.projection.js'

/** What lists show of a refresh token; personal values are sealed. */
export type RefreshTokenRecord = Pick<
  RefreshTokenRow,
  | 'id'
  | 'user_id'
  | 'client_id'
  | 'session_id'
  | 'audience'
  | 'scope'
  | 'resources'
  | 'rotating'
  | 'created_at'
  | 'expires_at'
  | 'idle_expires_at'
  | 'last_exchanged_at'
  | 'initial_origin'
  | 'last_origin'
  | 'metadata'
>

/** The active, unexpired refresh token with this id, as any command would see it now. */
export class FindRefreshToken extends Query<RefreshTokenRecord | undefined> {
  constructor(
    readonly familyId: string,
    /** Or the one that took its place when the client's tokens began or ceased to rotate: what revoking by this id would end. */
    readonly options: { readonly orSuccessor?: boolean } = {},
  ) {
    super()
  }
}

@QueryHandler(FindRefreshToken)
export class FindRefreshTokenHandler implements IQueryHandler<FindRefreshToken> {
  constructor(private readonly store: EventStore) {}

  async execute({ familyId, options: { orSuccessor = false } }: FindRefreshToken): Promise<RefreshTokenRecord | undefined> {
    const { state, now } = await this.store.read(familyUnderMarks, familyId)
    if (orSuccessor && state.status === 'revoked' && state.successorId !== null) return this.execute(new FindRefreshToken(state.successorId, { orSuccessor }))
    return state.status === 'active' && !isExpired(state, now) ? record(familyId, state) : undefined
  }
}

const record = (id: string, state: ActiveFamily): RefreshTokenRecord => ({
  id,
  user_id: state.userId,
  client_id: state.clientId,
  session_id: state.sessionId,
  audience: state.audience,
  scope: state.scope,
  resources: state.resources ?? [],
  rotating: state.rotating,
  created_at: state.startedAt,
  expires_at: state.expiresAt,
  idle_expires_at: state.idleExpiresAt,
  last_exchanged_at: state.lastExchangedAt,
  initial_origin: state.initialOrigin,
  last_origin: state.lastOrigin,
  metadata: state.metadata,
})
