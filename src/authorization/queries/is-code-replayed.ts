import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { EventStore } from '../../event-store/event-store.js'
import { authorizationCode } from '../authorization-code/authorization-code.js'
import { codeStream } from '../authorization-code/code-value.js'

/** Whether a code that was redeemed has come back since, as current as a command would see it. Errors: the database's. */
export class IsCodeReplayed extends Query<boolean> {
  constructor(readonly code: string) {
    super()
  }
}

@QueryHandler(IsCodeReplayed)
export class IsCodeReplayedHandler implements IQueryHandler<IsCodeReplayed> {
  constructor(private readonly store: EventStore) {}

  async execute({ code }: IsCodeReplayed): Promise<boolean> {
    const { state } = await this.store.read(authorizationCode, codeStream(code))
    return state.status === 'redeemed' && state.replayed
  }
}
