import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import { isAnotherPerson, type UserProfile } from '../../users/index.js'
import type { ActiveFamily } from '../refresh-token/family.js'
import { isExpired } from '../refresh-token/lifetimes.js'
import { type FamilyUser, familyWithUser } from '../refresh-token/family-with-user.js'
import { isGenuine, parseRefreshToken } from '../refresh-token/token-value.js'

/** A family, as it was at a moment of the database's clock. */
export interface FoundFamily {
  readonly family: ActiveFamily
  /** Of its user. */
  readonly profile: UserProfile
  readonly now: Date
}

/** The family of a refresh token that could be exchanged now; undefined for every other text. Looking changes nothing. */
export class FindFamilyOfToken extends Query<FoundFamily | undefined> {
  constructor(readonly presented: string) {
    super()
  }
}

@QueryHandler(FindFamilyOfToken)
export class FindFamilyOfTokenHandler implements IQueryHandler<FindFamilyOfToken> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
    private readonly queries: QueryBus,
  ) {}

  async execute({ presented }: FindFamilyOfToken): Promise<FoundFamily | undefined> {
    const token = parseRefreshToken(presented)
    if (!token) return undefined
    const { result } = await this.store.transact(familyWithUser, token.familyId, async (state, now, companion) => {
      const nothing = { events: [], result: undefined }
      if (state.status !== 'active' || !isGenuine(this.rootKeys, state, token)) return nothing
      const { user } = companion as FamilyUser
      const usable = token.generation === state.generation && !isExpired(state, now) && user !== null && !user.profile.blocked
      if (!usable || (await isAnotherPerson(this.queries, state.userId, new Date(user.createdAt), new Date(state.startedAt)))) return nothing
      return { events: [], result: { family: state, profile: user.profile, now } }
    })
    return result
  }
}
