import { Get, Param } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { FindActionExecution } from '../../actions/index.js'
import { ManagementError } from '../../http/management-error.js'
import { ManagementController } from '../management-controller.js'
import { Scopes } from '../scopes.js'

/** What came of executions, for ten days (spec/actions.md §8.2). */
@ManagementController('actions/executions')
export class ExecutionsController {
  constructor(private readonly queries: QueryBus) {}

  @Get(':id')
  @Scopes('read:actions')
  async get(@Param('id') id: string): Promise<object> {
    const found = await this.queries.execute(new FindActionExecution(id))
    if (!found) throw new ManagementError(404, 'That execution does not exist.')
    return found
  }
}
