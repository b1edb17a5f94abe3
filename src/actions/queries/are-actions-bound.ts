import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { BoundChains } from '../run/bound-chains.js'

/**
 * Whether any Action runs for the trigger, as it was less than a second ago. Without one a flow need not even build the event: nobody would
 * read it. Asks the database at most every 400 ms. Errors: the database's.
 */
export class AreActionsBound extends Query<boolean> {
  constructor(readonly trigger: 'post-login' | 'credentials-exchange') {
    super()
  }
}

@QueryHandler(AreActionsBound)
export class AreActionsBoundHandler implements IQueryHandler<AreActionsBound> {
  constructor(private readonly chains: BoundChains) {}

  async execute({ trigger }: AreActionsBound): Promise<boolean> {
    const actions = await this.chains.of(trigger)
    return actions.length > 0
  }
}
