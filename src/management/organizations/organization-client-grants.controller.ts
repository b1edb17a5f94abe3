import { Body, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { FindClientGrants } from '../../authorization/index.js'
import { ManagementError } from '../../http/management-error.js'
import { ChangeOrganizationItems } from '../../users/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { noGrant } from '../client-grants/client-grants.controller.js'
import { ManagementController } from '../management-controller.js'
import { offsetAnswer, offsetRequest } from '../paging/page.js'
import { PAGES, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { type QueryParameters, text, texts } from '../validation/query.js'
import { validBody } from '../validation/valid-body.js'
import { findOrganization, noOrganization, tooMany } from './find-organization.js'
import { OrganizationLists } from './organization-lists.js'
import { ClientGrantBody } from './organizations.dto.js'

/** For which clients a token can be made in an organization's name (spec/management-api.md §2.11). */
@ManagementController('organizations/:id/client-grants')
export class OrganizationClientGrantsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly lists: OrganizationLists,
  ) {}

  @Get()
  @Scopes('read:organization_client_grants')
  @Parameters('client_id', 'audience', 'grant_ids', ...PAGES)
  async list(@Param('id') id: string, @Query() query: QueryParameters): Promise<object> {
    const request = offsetRequest(query)
    const filter = { clientId: text(query, 'client_id'), audience: text(query, 'audience'), grantIds: texts(query, 'grant_ids') }
    await findOrganization(this.queries, { id })
    const { rows, total } = await this.lists.clientGrants(id, request, filter)
    return offsetAnswer(request, 'client_grants', rows, total)
  }

  @Post()
  @Scopes('create:organization_client_grants')
  @Operation('Associate a client grant with an organization')
  async add(@Param('id') id: string, @Body(validBody(ClientGrantBody)) { grant_id }: ClientGrantBody, @Caller() { context }: CallerOf): Promise<object> {
    await findOrganization(this.queries, { id })
    const { rows } = await this.queries.execute(new FindClientGrants({ id: grant_id }, { limit: 1 }))
    if (!rows[0]) throw noGrant()
    const outcome = await this.commands.execute(new ChangeOrganizationItems(id, { grant: { add: grant_id } }, context))
    if (outcome === 'absent') throw noOrganization()
    if (outcome === 'exists') throw new ManagementError(409, 'The client grant has already been added to this organization.', 'conflict')
    if (outcome === 'missing') throw noGrant()
    if (outcome === 'too many') throw tooMany()
    return rows[0].document
  }

  /** One that is not there is as good as removed. */
  @Delete(':grantId')
  @HttpCode(204)
  @Scopes('delete:organization_client_grants')
  @Operation('Remove a client grant from an organization')
  async remove(@Param('id') id: string, @Param('grantId') grantId: string, @Caller() { context }: CallerOf): Promise<void> {
    const outcome = await this.commands.execute(new ChangeOrganizationItems(id, { grant: { remove: grantId } }, context))
    if (outcome === 'absent') throw noOrganization()
  }
}
