import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { Executions } from '../executions/executions.js'

/** spec/actions.md §6.3. */
const KEPT_DAYS = 10

/** Drops records of executions that are too old; answers how many. */
export class ForgetExecutions extends Command<number> {}

@CommandHandler(ForgetExecutions)
export class ForgetExecutionsHandler implements ICommandHandler<ForgetExecutions> {
  constructor(private readonly executions: Executions) {}

  execute(): Promise<number> {
    return this.executions.forget(KEPT_DAYS)
  }
}
