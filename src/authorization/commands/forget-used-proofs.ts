import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { UsedProofs } from '../dpop/used-proofs.js'

/** Clears away the DPoP proofs that are refused for their age anyway. To be given every so often. */
export class ForgetUsedProofs extends Command<void> {}

@CommandHandler(ForgetUsedProofs)
export class ForgetUsedProofsHandler implements ICommandHandler<ForgetUsedProofs> {
  constructor(private readonly usedProofs: UsedProofs) {}

  execute(): Promise<void> {
    return this.usedProofs.forget()
  }
}
