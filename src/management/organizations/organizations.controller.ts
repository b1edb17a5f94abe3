import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { ManagementError } from '../../http/management-error.js'
import { randomText } from '../../random-text.js'
import { RevokeRefreshTokens } from '../../tokens/index.js'
import { ChangeOrganization, CreateOrganization, DeleteOrganization, FindOrganizations, type FoundOrganization } from '../../users/index.js'
import { Caller, type CallerOf, needs } from '../caller.js'
import { absentConnection } from '../connections/write-connections.js'
import { ManagementController } from '../management-controller.js'
import { withoutUndefined } from '../members.js'
import { Cursors } from '../paging/cursors.js'
import { checkpointAnswer, checkpointRequest, pageAnswer, pageRequest, placeIn, tablePage } from '../paging/page.js'
import { BOTH_PAGES, CHECKPOINTS, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { parserOf } from '../search/search-list.js'
import { SearchSyntaxError } from '../search/search-query.js'
import { invalidQuery, oneOf, type QueryParameters, text } from '../validation/query.js'
import { repeats, validBody } from '../validation/valid-body.js'
import { findOrganization, MAX_PAGE, noOrganization } from './find-organization.js'
import { newConnection } from './organization-connections.js'
import { type OrganizationCondition, organizationCondition } from './organization-search.js'
import { OrganizationLists, sortedBy } from './organization-lists.js'
import { CreateOrganizationBody, organizationChanges, showOrganization, UpdateOrganizationBody } from './organizations.dto.js'

const LIST = 'organizations'
const READ = ['read:organizations', 'read:organizations_summary'] as const

const exists = (): ManagementError => new ManagementError(409, 'An organization with this name already exists.', 'conflict')

/** spec/management-api.md §2.11. */
@ManagementController('organizations')
export class OrganizationsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly lists: OrganizationLists,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @Scopes(...READ)
  @Parameters('sort', ...BOTH_PAGES)
  async list(@Query() query: QueryParameters): Promise<object> {
    const sort = sortedBy(text(query, 'sort', { max: 100 }))
    const list = sort ? `${LIST} ${sort.by} ${sort.descending}` : LIST
    const request = pageRequest(query, this.cursors, list, { maxPage: MAX_PAGE })
    const page = tablePage(request)
    const found = sort ? await this.lists.sorted(sort, page) : await this.queries.execute(new FindOrganizations({}, page))
    return pageAnswer<FoundOrganization & { readonly place?: string }>(request, 'organizations', found, {
      cursors: this.cursors,
      list,
      placeOf: ({ created_at, document, place = created_at.toISOString() }) => placeIn(place, document.id),
      show: ({ document }) => showOrganization(document),
    })
  }

  @Post()
  @Scopes('create:organizations')
  @Operation('Create an Organization')
  async create(@Body(validBody(CreateOrganizationBody)) body: CreateOrganizationBody, @Caller() caller: CallerOf): Promise<object> {
    const { name, enabled_connections = [] } = body
    if (enabled_connections.length > 0) needs(caller, 'create:organization_connections')
    const connections = new Map(enabled_connections.map((one) => [one.connection_id, newConnection(one)]))
    const organization = { id: newOrganizationId(), name, ...withoutUndefined(organizationChanges(body)) }
    const outcome = await this.commands.execute(new CreateOrganization(organization, [...connections.values()], caller.context))
    if (outcome === 'exists') throw exists()
    if (outcome === 'missing') throw absentConnection()
    return showOrganization(await findOrganization(this.queries, { id: organization.id }))
  }

  @Get('search')
  @Scopes(...READ)
  @Parameters('q', 'parser', 'sort', ...CHECKPOINTS)
  async search(@Query() query: QueryParameters): Promise<object> {
    const parser = parserOf(query)
    const q = text(query, 'q', { max: 2000 })
    const by = oneOf(query, 'sort', ['name', 'display_name', 'created_at']) ?? 'created_at'
    const list = `organizations search ${by} ${parser} ${q ?? ''}`
    const request = checkpointRequest(query, this.cursors, list)
    const after = request.after === undefined ? undefined : (JSON.parse(request.after) as [string, string])
    const rows = await this.lists.search(conditionOf(q, parser), { by, after, limit: request.limit + 1 })
    const shown = rows.slice(0, request.limit)
    const last = rows.length > shown.length ? shown.at(-1) : undefined
    const next = last && this.cursors.write(list, JSON.stringify([last.place, last.document.id]))
    const items = shown.map(({ document }) => showOrganization(document))
    return checkpointAnswer(request, 'organizations', items, { next })
  }

  @Get('name/:name')
  @Scopes(...READ)
  async byName(@Param('name') name: string): Promise<object> {
    return showOrganization(await findOrganization(this.queries, { name }))
  }

  @Get(':id')
  @Scopes(...READ)
  async get(@Param('id') id: string): Promise<object> {
    return showOrganization(await findOrganization(this.queries, { id }))
  }

  @Patch(':id')
  @Scopes('update:organizations')
  @Operation('Update an Organization')
  async patch(
    @Param('id') id: string,
    @Body(validBody(UpdateOrganizationBody)) body: UpdateOrganizationBody,
    @Caller() { context }: CallerOf,
  ): Promise<object> {
    repeats(body, { id })
    const changes = { ...(body.name !== undefined && { name: body.name }), ...organizationChanges(body) }
    const outcome = await this.commands.execute(new ChangeOrganization(id, changes, context))
    if (outcome === 'absent') throw noOrganization()
    if (outcome === 'exists') throw exists()
    return showOrganization(await findOrganization(this.queries, { id }))
  }

  @Delete(':id')
  @HttpCode(204)
  @Scopes('delete:organizations')
  @Operation('Delete organization')
  async delete(@Param('id') id: string, @Caller() { context }: CallerOf): Promise<void> {
    if ((await this.commands.execute(new DeleteOrganization(id, context))) === 'absent') throw noOrganization()
    // However many refresh tokens there are in its name: none can be exchanged any more, and lists show none.
    const cause = { ...context, organizationId: id }
    await this.commands.execute(new RevokeRefreshTokens({ organizationId: id }, 'organization-deleted', cause))
  }
}

function conditionOf(q: string | undefined, parser: 'lucene' | 'scim'): OrganizationCondition {
  try {
    return organizationCondition(q, parser)
  } catch (error) {
    if (error instanceof SearchSyntaxError) throw invalidQuery(error.message, 'q')
    throw error
  }
}

/** `org_` and 16 letters and digits. */
const newOrganizationId = (): string => `org_${randomText(16)}`
