import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { EventStore } from '../../event-store/event-store.js'
import { type FinishedRevocation, revocation, type RunningRevocation } from '../revocation/revocation.js'

export type FoundRevocation = RunningRevocation | FinishedRevocation

/** A revocation that went on in the background, as it stands now. */
export class FindRevocation extends Query<FoundRevocation | undefined> {
  constructor(readonly revocationId: string) {
    super()
  }
}

@QueryHandler(FindRevocation)
export class FindRevocationHandler implements IQueryHandler<FindRevocation> {
  constructor(private readonly store: EventStore) {}

  async execute({ revocationId }: FindRevocation): Promise<FoundRevocation | undefined> {
    const { state } = await this.store.read(revocation, revocationId)
    return state.status === 'none' ? undefined : state
  }
}
