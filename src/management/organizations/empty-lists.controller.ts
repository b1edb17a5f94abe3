import { Get, Param, Query } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { ManagementController } from '../management-controller.js'
import { Cursors } from '../paging/cursors.js'
import { checkpointAnswer, checkpointRequest } from '../paging/page.js'
import { CHECKPOINTS, Parameters } from '../parameters.js'
import { Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { findOrganization } from './find-organization.js'

/** Lists about an organization that are empty here: deploy tools ask for them (spec/management-api.md §2.11). */
@ManagementController('organizations/:id')
export class OrganizationEmptyListsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly cursors: Cursors,
  ) {}

  @Get('discovery-domains')
  @Scopes('read:organization_discovery_domains')
  @Parameters(...CHECKPOINTS)
  discoveryDomains(@Param('id') id: string, @Query() query: QueryParameters): Promise<object> {
    return this.#none(id, query, 'domains')
  }

  @Get('clients')
  @Scopes('read:organization_clients')
  @Parameters(...CHECKPOINTS)
  clients(@Param('id') id: string, @Query() query: QueryParameters): Promise<object> {
    return this.#none(id, query, 'clients')
  }

  async #none(id: string, query: QueryParameters, key: string): Promise<object> {
    const request = checkpointRequest(query, this.cursors, `organization ${key} ${id}`)
    await findOrganization(this.queries, { id })
    return checkpointAnswer(request, key, [], { total: 0 })
  }
}
