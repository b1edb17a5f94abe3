import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import {
  ChangeClientGrant,
  type ClientGrantDocument,
  CreateClientGrant,
  DeleteClientGrant,
  FindClientGrants,
  FindClients,
  FindResourceServers,
  newClientGrantId,
} from '../../authorization/index.js'
import { ManagementError } from '../../http/management-error.js'
import { FindOrganizations } from '../../users/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { noClient } from '../clients/clients.controller.js'
import { ManagementController } from '../management-controller.js'
import { showOrganization } from '../organizations/organizations.dto.js'
import { Cursors } from '../paging/cursors.js'
import { pageAnswer, pageRequest, placeIn, tablePage } from '../paging/page.js'
import { noResourceServer } from '../resource-servers/resource-servers.controller.js'
import { notEnabled } from '../small/unbuilt-writes.js'
import { BOTH_PAGES, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { flag, oneOf, type QueryParameters, text } from '../validation/query.js'
import { invalidBody, refusedBody, repeats, validBody } from '../validation/valid-body.js'
import { type ClientGrantFields, CreateClientGrantBody, UpdateClientGrantBody } from './client-grants.dto.js'

export const noGrant = (): ManagementError => new ManagementError(404, 'The grant does not exist.', 'inexistent_client_grant')

/** What clients may ask for at APIs (spec/management-api.md §2.5). */
@ManagementController('client-grants')
export class ClientGrantsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @Scopes('read:client_grants')
  @Parameters('client_id', 'audience', 'subject_type', 'allow_any_organization', 'default_for', ...BOTH_PAGES)
  async list(@Query() query: QueryParameters): Promise<object> {
    const filter = {
      clientId: text(query, 'client_id'),
      audience: text(query, 'audience'),
      subjectType: oneOf(query, 'subject_type', ['client', 'user']),
      allowAnyOrganization: flag(query, 'allow_any_organization'),
      defaultFor: text(query, 'default_for'),
    }
    const list = `client-grants ${JSON.stringify(filter)}`
    const request = pageRequest(query, this.cursors, list)
    const found = await this.queries.execute(new FindClientGrants(filter, tablePage(request)))
    return pageAnswer(request, 'client_grants', found, {
      cursors: this.cursors,
      list,
      placeOf: ({ createdAt, document }) => placeIn(createdAt, document.id),
      show: ({ document }) => document,
    })
  }

  @Post()
  @Scopes('create:client_grants')
  @Operation('Create client grant')
  async create(@Body(validBody(CreateClientGrantBody)) body: CreateClientGrantBody, @Caller() { context }: CallerOf): Promise<object> {
    const { client_id: clientId, audience, subject_type = 'client', default_for, ...fields } = body
    // A grant for all clients of a kind, which takes the place of a client.
    if (default_for !== undefined) throw notEnabled()
    if (clientId === undefined) throw invalidBody('Missing required property: client_id', 'client_id')
    const { rows: clients } = await this.queries.execute(new FindClients({ clientId }, { limit: 1 }))
    if (!clients[0]) throw noClient()
    await this.#checkScope(audience, fields.scope)
    const id = newClientGrantId()
    const document = { ...settings(fields), id, client_id: clientId, audience, subject_type, scope: fields.scope ?? [] }
    const outcome = await this.commands.execute(new CreateClientGrant(document, context))
    // Auth0's text, although it is the grant that is there twice.
    if (outcome === 'exists') throw new ManagementError(409, 'A resource server with the same identifier already exists.', 'conflict')
    return this.#find(id)
  }

  @Get(':id')
  @Scopes('read:client_grants')
  get(@Param('id') id: string): Promise<object> {
    return this.#find(id)
  }

  @Patch(':id')
  @Scopes('update:client_grants')
  @Operation('Update a client grant')
  async patch(@Param('id') id: string, @Body(validBody(UpdateClientGrantBody)) body: UpdateClientGrantBody, @Caller() { context }: CallerOf): Promise<object> {
    const current = await this.#find(id)
    repeats(body, current)
    await this.#checkScope(current.audience, body.scope)
    const changes = { ...settings(body), ...(body.scope !== undefined && { scope: body.scope ?? [] }) }
    if ((await this.commands.execute(new ChangeClientGrant(id, changes, context))) === 'absent') throw noGrant()
    return this.#find(id)
  }

  @Delete(':id')
  @HttpCode(204)
  @Scopes('delete:client_grants')
  @Operation('Delete a client grant')
  async delete(@Param('id') id: string, @Caller() { context }: CallerOf): Promise<void> {
    await this.commands.execute(new DeleteClientGrant(id, context))
  }

  /** Those that were given the grant; one that may be used for any of them is not given to each. */
  @Get(':id/organizations')
  @Scopes('read:organization_client_grants')
  @Parameters(...BOTH_PAGES)
  async organizations(@Param('id') id: string, @Query() query: QueryParameters): Promise<object> {
    const list = `client-grant-organizations ${id}`
    const request = pageRequest(query, this.cursors, list)
    await this.#find(id)
    const found = await this.queries.execute(new FindOrganizations({ grantId: id }, tablePage(request)))
    return pageAnswer(request, 'organizations', found, {
      cursors: this.cursors,
      list,
      placeOf: ({ created_at, document }) => placeIn(created_at.toISOString(), document.id),
      show: ({ document }) => showOrganization(document),
    })
  }

  async #find(id: string): Promise<ClientGrantDocument> {
    const { rows } = await this.queries.execute(new FindClientGrants({ id }, { limit: 1 }))
    if (!rows[0]) throw noGrant()
    return rows[0].document
  }

  async #checkScope(audience: string, scope: readonly string[] | null | undefined): Promise<void> {
    const { rows } = await this.queries.execute(new FindResourceServers({ identifiers: [audience] }, { limit: 1 }))
    if (!rows[0]) throw noResourceServer()
    const known = new Set(rows[0].document.scopes.map(({ value }) => value))
    const unknown = scope?.find((value) => !known.has(value))
    if (unknown !== undefined) throw refusedBody(`The scope ${unknown} is not defined in the resource server.`)
  }
}

/** null takes a member away. */
function settings({ scope: _, ...rest }: ClientGrantFields): Partial<ClientGrantDocument> {
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, value ?? undefined]))
}
