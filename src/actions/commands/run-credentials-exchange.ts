import { randomUUID } from 'node:crypto'
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import type { CredentialsExchangeEvent } from '../event/credentials-exchange-event.js'
import { BoundChains } from '../run/bound-chains.js'
import { CredentialsExchangeChain, type CredentialsExchangeOutcome } from '../run/credentials-exchange-chain.js'

/** Runs the credentials-exchange Actions for a client's token that has passed every other check (index.ts). Errors: the database's. */
export class RunCredentialsExchange extends Command<CredentialsExchangeOutcome> {
  constructor(
    readonly event: CredentialsExchangeEvent,
    readonly cause: Context,
  ) {
    super()
  }
}

@CommandHandler(RunCredentialsExchange)
export class RunCredentialsExchangeHandler implements ICommandHandler<RunCredentialsExchange> {
  constructor(
    private readonly chains: BoundChains,
    private readonly chain: CredentialsExchangeChain,
  ) {}

  async execute({ event, cause }: RunCredentialsExchange): Promise<CredentialsExchangeOutcome> {
    const actions = await this.chains.of('credentials-exchange')
    return this.chain.run({ event, cause, actions, execution: randomUUID() })
  }
}
