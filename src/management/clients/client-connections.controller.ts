import { Get, Param, Query } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { FindClients } from '../../authorization/index.js'
import { ManagementError } from '../../http/management-error.js'
import { FindConnections } from '../../users/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { showConnectionTo } from '../connections/show-connection.js'
import { ManagementController } from '../management-controller.js'
import { Cursors } from '../paging/cursors.js'
import { readFields } from '../paging/fields.js'
import { checkpointRequest, pageAnswer } from '../paging/page.js'
import { CHECKPOINTS, FIELDS, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { type QueryParameters, texts } from '../validation/query.js'

/** The connections that are switched on for a client (spec/management-api.md §2.4). */
@ManagementController('clients/:id/connections')
export class ClientConnectionsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @Scopes('read:connections', 'read:clients', 'read:client_summary')
  @Parameters('strategy', ...CHECKPOINTS, ...FIELDS)
  @Operation('Get enabled connections for a client')
  async list(@Param('id') clientId: string, @Query() query: QueryParameters, @Caller() caller: CallerOf): Promise<object> {
    const strategies = texts(query, 'strategy')
    const list = `client connections ${JSON.stringify([clientId, strategies])}`
    const request = checkpointRequest(query, this.cursors, list)
    const fields = readFields(query)
    const { total: clients } = await this.queries.execute(new FindClients({ clientId }, { limit: 1 }))
    if (clients === 0) throw new ManagementError(404, 'Client does not exist.', 'inexistent_client')
    const { connections, total } = await this.queries.execute(new FindConnections({ clientId, strategies }, { after: request.after, limit: request.limit + 1 }))
    return pageAnswer(
      request,
      'connections',
      { rows: connections, total },
      { cursors: this.cursors, list, placeOf: ({ place }) => place, show: (found) => showConnectionTo(caller, found, fields) },
    )
  }
}
