import { randomUUID } from 'node:crypto'
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import type { PostLoginEvent } from '../event/post-login-event.js'
import type { Cause } from '../run/cause.js'
import type { PostLoginOutcome, Suspended } from '../run/outcome.js'
import { PostLoginChain } from '../run/post-login-chain.js'
import { BoundChains } from '../run/bound-chains.js'

/**
 * Runs the post-login Actions for a login or an exchange that has passed every other check, and says what is to follow (index.ts). Nothing is
 * changed by it but the Actions' own cache, the record of the execution, and facts about failures. `cause` is for those: who, and from where,
 * sealed; as a function where sealing it can wait. Never answers 'allowed' past a bound Action that did not run. Errors: the database's.
 */
export class RunPostLogin extends Command<PostLoginOutcome> {
  constructor(
    readonly event: PostLoginEvent,
    readonly cause: Context | Cause,
  ) {
    super()
  }
}

/** Goes on where a redirect left off: `event` is of the request that came back, with everything read anew. */
export class ContinuePostLogin extends Command<PostLoginOutcome> {
  constructor(
    readonly event: PostLoginEvent,
    readonly cause: Context,
    readonly suspended: Suspended,
    /** The value that came back with the browser. */
    readonly state: string,
  ) {
    super()
  }
}

@CommandHandler(RunPostLogin)
export class RunPostLoginHandler implements ICommandHandler<RunPostLogin> {
  constructor(
    private readonly chains: BoundChains,
    private readonly chain: PostLoginChain,
  ) {}

  async execute({ event, cause }: RunPostLogin): Promise<PostLoginOutcome> {
    const actions = await this.chains.of('post-login')
    return this.chain.run({ event, cause, actions, execution: randomUUID() })
  }
}

@CommandHandler(ContinuePostLogin)
export class ContinuePostLoginHandler implements ICommandHandler<ContinuePostLogin> {
  constructor(
    private readonly chains: BoundChains,
    private readonly chain: PostLoginChain,
  ) {}

  async execute({ event, cause, suspended, state }: ContinuePostLogin): Promise<PostLoginOutcome> {
    const all = await this.chains.of('post-login')
    const place = all.findIndex(({ bindingId }) => bindingId === suspended.bindingId)
    // What is not bound any more cannot say whether the login may go on; nobody else can either.
    const actions = place < 0 ? undefined : all.slice(place)
    return this.chain.run({ event, cause, actions, execution: suspended.execution, continued: { suspended, state } })
  }
}
