import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { offsetAnswer, offsetRequest } from '../paging/page.js'
import { PAGES, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { flag, type QueryParameters } from '../validation/query.js'
import { validBody } from '../validation/valid-body.js'
import { OrganizationConnections } from './organization-connections.js'
import type { ListedConnection } from './organization-lists.js'
import { AddConnectionBody, UpdateConnectionBody } from './organizations.dto.js'

/** The connections of an organization (spec/management-api.md §2.11), which stand at two addresses in two shapes. */
abstract class ConnectionsOfOrganization {
  constructor(
    private readonly connections: OrganizationConnections,
    private readonly listName: string,
    private readonly show: (listed: ListedConnection) => object,
  ) {}

  @Get()
  @Scopes('read:organization_connections')
  @Parameters('is_enabled', ...PAGES)
  async list(@Param('id') id: string, @Query() query: QueryParameters): Promise<object> {
    const request = offsetRequest(query)
    const { rows, total } = await this.connections.list(id, request, flag(query, 'is_enabled'))
    return offsetAnswer(request, this.listName, rows.map(this.show), total)
  }

  @Post()
  @Scopes('create:organization_connections')
  @Operation('Add a connection to an organization')
  async add(@Param('id') id: string, @Body(validBody(AddConnectionBody)) body: AddConnectionBody, @Caller() { context }: CallerOf): Promise<object> {
    return this.show(await this.connections.add(id, body, context))
  }

  @Get(':connectionId')
  @Scopes('read:organization_connections')
  async get(@Param('id') id: string, @Param('connectionId') connectionId: string): Promise<object> {
    return this.show(await this.connections.get(id, connectionId))
  }

  @Patch(':connectionId')
  @Scopes('update:organization_connections')
  @Operation('Update a connection of an organization')
  async patch(
    @Param('id') id: string,
    @Param('connectionId') connectionId: string,
    @Body(validBody(UpdateConnectionBody)) body: UpdateConnectionBody,
    @Caller() { context }: CallerOf,
  ): Promise<object> {
    return this.show(await this.connections.change(id, connectionId, body, context))
  }

  @Delete(':connectionId')
  @HttpCode(204)
  @Scopes('delete:organization_connections')
  @Operation('Delete a connection from an organization')
  remove(@Param('id') id: string, @Param('connectionId') connectionId: string, @Caller() { context }: CallerOf): Promise<void> {
    return this.connections.remove(id, connectionId, context)
  }
}

/** Where older clients look for them. */
@ManagementController('organizations/:id/enabled_connections')
export class EnabledConnectionsController extends ConnectionsOfOrganization {
  constructor(connections: OrganizationConnections) {
    super(connections, 'enabled_connections', showEnabled)
  }
}

/** Where deploy tools do. */
@ManagementController('organizations/:id/connections')
export class OrganizationConnectionsController extends ConnectionsOfOrganization {
  constructor(connections: OrganizationConnections) {
    super(connections, 'connections', show)
  }
}

const show = ({ document, connection }: ListedConnection): object => ({ ...document, connection })

const showEnabled = ({ document, connection }: ListedConnection): object => {
  const { connection_id, assign_membership_on_login, show_as_button, is_signup_enabled } = document
  return { connection_id, assign_membership_on_login, show_as_button, is_signup_enabled, connection }
}
