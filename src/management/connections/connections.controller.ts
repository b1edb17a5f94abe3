import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { FindConnections, type FoundConnection } from '../../users/index.js'
import { Caller, type CallerOf, insufficientScope } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { Cursors } from '../paging/cursors.js'
import { readFields } from '../paging/fields.js'
import { checkpointAnswer, checkpointRequest, pageAnswer, pageRequest } from '../paging/page.js'
import { BOTH_PAGES, CHECKPOINTS, FIELDS, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { invalidQuery, type QueryParameters, text, texts } from '../validation/query.js'
import { validBody, validList } from '../validation/valid-body.js'
import { ClientSwitch, CreateConnectionBody, UpdateConnectionBody } from './connections.dto.js'
import { showConnectionTo } from './show-connection.js'
import { absentConnection, WriteConnections } from './write-connections.js'

const LIST = 'connections'
const WRITE_OPTIONS = 'update:connections_options'

/** spec/management-api.md §2.9. */
@ManagementController('connections')
export class ConnectionsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly writes: WriteConnections,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @Scopes('read:connections')
  @Parameters('name', 'strategy', ...BOTH_PAGES, ...FIELDS)
  @Operation('Get all connections')
  async list(@Query() query: QueryParameters, @Caller() caller: CallerOf): Promise<object> {
    const selection = { name: text(query, 'name'), strategies: texts(query, 'strategy') }
    const list = JSON.stringify([LIST, selection])
    const request = pageRequest(query, this.cursors, list)
    const fields = readFields(query)
    const page = request.style === 'offset' ? { offset: request.offset, limit: request.limit } : { after: request.after, limit: request.limit + 1 }
    const { connections, total } = await this.queries.execute(new FindConnections(selection, page))
    const show = (found: FoundConnection): object => showConnectionTo(caller, found, fields)
    return pageAnswer(request, LIST, { rows: connections, total }, { cursors: this.cursors, list, placeOf: ({ place }) => place, show })
  }

  @Post()
  @Scopes('create:connections')
  @Operation('Create a connection')
  async create(@Body(validBody(CreateConnectionBody)) body: CreateConnectionBody, @Caller() caller: CallerOf): Promise<object> {
    needsToSetOptions(body, caller, 'create:connections')
    return showConnectionTo(caller, await this.#find(await this.writes.create(body, caller.context)))
  }

  @Get(':id')
  @Scopes('read:connections')
  @Parameters(...FIELDS)
  @Operation('Get a connection')
  async get(@Param('id') id: string, @Query() query: QueryParameters, @Caller() caller: CallerOf): Promise<object> {
    const fields = readFields(query)
    return showConnectionTo(caller, await this.#find(id), fields)
  }

  @Patch(':id')
  @Scopes('update:connections')
  @Operation('Update a connection')
  async update(@Param('id') id: string, @Body(validBody(UpdateConnectionBody)) body: UpdateConnectionBody, @Caller() caller: CallerOf): Promise<object> {
    needsToSetOptions(body, caller, 'update:connections')
    await this.writes.update(await this.#find(id), body, caller.context)
    return showConnectionTo(caller, await this.#find(id))
  }

  @Delete(':id')
  @HttpCode(202)
  @Scopes('delete:connections')
  @Operation('Delete a connection')
  async delete(@Param('id') id: string, @Caller() { context }: CallerOf): Promise<object> {
    await this.writes.delete(id, context)
    return { deleted_at: new Date() }
  }

  @Get(':id/status')
  @HttpCode(200)
  @Scopes('read:connections')
  async status(@Param('id') id: string): Promise<object> {
    await this.#find(id)
    return {}
  }

  @Get(':id/clients')
  @Scopes('read:connections')
  @Parameters(...CHECKPOINTS)
  async clients(@Param('id') id: string, @Query() query: QueryParameters): Promise<object> {
    const list = `connection clients ${id}`
    const request = checkpointRequest(query, this.cursors, list, { maxTake: 1000 })
    const { document } = await this.#find(id)
    const all = [...document.enabled_clients].sort()
    const rest = all.filter((clientId) => request.after === undefined || clientId > request.after)
    const page = rest.slice(0, request.limit)
    const next = rest.length > page.length ? this.cursors.write(list, page.at(-1)!) : undefined
    const items = page.map((client_id) => ({ client_id }))
    return checkpointAnswer(request, 'clients', items, { next, total: all.length })
  }

  @Patch(':id/clients')
  @HttpCode(204)
  @Scopes('update:connections')
  @Operation('Update enabled clients for a connection')
  async switchClients(@Param('id') id: string, @Body(validList(ClientSwitch)) body: readonly ClientSwitch[], @Caller() { context }: CallerOf): Promise<void> {
    await this.#find(id)
    await this.writes.switchClients(id, body, context)
  }

  @Delete(':id/users')
  @HttpCode(204)
  @Scopes('delete:users')
  @Parameters('email')
  @Operation('Delete a connection user', { personal: true })
  async deleteUser(@Param('id') id: string, @Query() query: QueryParameters, @Caller() { context }: CallerOf): Promise<void> {
    const email = text(query, 'email')
    if (email === undefined) throw invalidQuery('Missing required property: email', 'email')
    await this.writes.deleteUser(await this.#find(id), email, context)
  }

  /** As it is now. Errors: ManagementError 404. */
  async #find(id: string): Promise<FoundConnection> {
    const { connections } = await this.queries.execute(new FindConnections({ id }, { limit: 1 }))
    if (!connections[0]) throw absentConnection()
    return connections[0]
  }
}

function needsToSetOptions({ options }: UpdateConnectionBody, { scopes }: CallerOf, scope: string): void {
  if (options !== undefined && !scopes.has(WRITE_OPTIONS)) throw insufficientScope({ mode: 'all', scopes: [scope, WRITE_OPTIONS] })
}
