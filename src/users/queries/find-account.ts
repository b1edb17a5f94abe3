import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { EventStore } from '../../event-store/event-store.js'
import type { UserProfile } from '../user/user.events.js'
import { user } from '../user/user.js'

export interface Account {
  readonly profile: UserProfile
  readonly administrator: boolean
  /** Logins from before do not count any more. */
  readonly loginsEndedAt: string | undefined
  /** Somebody bore the id who was deleted. */
  readonly idUsedBefore: boolean
  /** ISO times. */
  readonly createdAt: string
  readonly updatedAt: string
  readonly passwordChangedAt: string | undefined
  /** When this was so, by the database's clock. */
  readonly readAt: Date
}

/** What a person's login depends on, as current as a command would see it. Undefined for somebody who was deleted. */
export class FindAccount extends Query<Account | undefined> {
  constructor(readonly userId: string) {
    super()
  }
}

@QueryHandler(FindAccount)
export class FindAccountHandler implements IQueryHandler<FindAccount> {
  constructor(private readonly store: EventStore) {}

  async execute({ userId }: FindAccount): Promise<Account | undefined> {
    const { state, now: readAt } = await this.store.read(user, userId)
    if (state.status === 'absent') return undefined
    const { profile, administrator, loginsEndedAt, idUsedBefore = false, createdAt, updatedAt, passwordChangedAt } = state
    return { profile, administrator, loginsEndedAt, idUsedBefore, createdAt, updatedAt, passwordChangedAt, readAt }
  }
}
