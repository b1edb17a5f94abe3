import { Body, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { ManagementError } from '../../http/management-error.js'
import { EndInvitation, FindInvitations, type FoundInvitation, type InvitationPage } from '../../users/index.js'
import { Caller, type CallerOf, reveal } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { pick, readFields } from '../paging/fields.js'
import { offsetAnswer, offsetRequest } from '../paging/page.js'
import { FIELDS, PAGES, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { invalidQuery, type QueryParameters, text } from '../validation/query.js'
import { validBody } from '../validation/valid-body.js'
import { findOrganization } from './find-organization.js'
import { CreateInvitationBody, showInvitation } from './invitations.dto.js'
import { WriteInvitations } from './write-invitations.js'

/** Further ones are not listed (spec/management-api.md §1.7). */
const MAX_OFFSET = 1000
const ORDERS = ['created_at', 'expires_at'] as const

const noInvitation = (): ManagementError => new ManagementError(404, 'The invitation does not exist.', 'inexistent_invitation')

/** Invitations that can be accepted now (spec/management-api.md §2.11). Answers show tickets, so that the log says who read them. */
@ManagementController('organizations/:id/invitations')
export class InvitationsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly write: WriteInvitations,
  ) {}

  @Get()
  @Scopes('read:organization_invitations')
  @Parameters('sort', ...PAGES, ...FIELDS)
  @Operation('Get invitations to an organization')
  async list(@Param('id') id: string, @Query() query: QueryParameters, @Caller() caller: CallerOf): Promise<object> {
    const request = offsetRequest(query)
    if (request.offset > MAX_OFFSET) throw new ManagementError(400, 'Requesting page exceeds the allowed maximum of 1000 records', 'invalid_paging')
    const fields = readFields(query)
    const order = orderOf(query)
    await findOrganization(this.queries, { id })
    const { rows, total } = await this.queries.execute(new FindInvitations({ organizationId: id }, { ...order, offset: request.offset, limit: request.limit }))
    const shown = rows.map((row) => pick(showInvitation(row), fields))
    noteTickets(caller, shown)
    return offsetAnswer(request, 'invitations', shown, total)
  }

  @Post()
  @Scopes('create:organization_invitations')
  @Operation('Create invitations to organization', { personal: true })
  async create(@Param('id') id: string, @Body(validBody(CreateInvitationBody)) body: CreateInvitationBody, @Caller() caller: CallerOf): Promise<object> {
    const organization = await findOrganization(this.queries, { id })
    const shown = showInvitation(await this.#find(id, await this.write.create(organization, body, caller.context)))
    noteTickets(caller, [shown])
    return shown
  }

  @Get(':invitationId')
  @Scopes('read:organization_invitations')
  @Parameters(...FIELDS)
  @Operation('Get an invitation to an organization')
  async get(
    @Param('id') id: string,
    @Param('invitationId') invitationId: string,
    @Query() query: QueryParameters,
    @Caller() caller: CallerOf,
  ): Promise<object> {
    const fields = readFields(query)
    await findOrganization(this.queries, { id })
    const shown = pick(showInvitation(await this.#find(id, invitationId)), fields)
    noteTickets(caller, [shown])
    return shown
  }

  @Delete(':invitationId')
  @HttpCode(204)
  @Scopes('delete:organization_invitations')
  @Operation('Delete an invitation to organization')
  async delete(@Param('id') id: string, @Param('invitationId') invitationId: string, @Caller() { context }: CallerOf): Promise<void> {
    await findOrganization(this.queries, { id })
    await this.#find(id, invitationId)
    const outcome = await this.commands.execute(new EndInvitation(invitationId, 'deleted', { ...context, organizationId: id }))
    if (outcome === 'absent') throw noInvitation()
  }

  async #find(organizationId: string, id: string): Promise<FoundInvitation> {
    const { rows } = await this.queries.execute(new FindInvitations({ organizationId, id }, { by: 'created_at', direction: 'asc', offset: 0, limit: 1 }))
    if (!rows[0]) throw noInvitation()
    return rows[0]
  }
}

/** Newest first unless asked otherwise. */
function orderOf(query: QueryParameters): Pick<InvitationPage, 'by' | 'direction'> {
  const sort = text(query, 'sort', { max: 100, pattern: /^[a-z_]+:-?1$/ }) ?? 'created_at:-1'
  const [name = '', direction] = sort.split(':')
  const by = ORDERS.find((known) => known === name)
  if (!by) throw invalidQuery(`No enum match for: ${name}`, 'sort')
  return { by, direction: direction === '-1' ? 'desc' : 'asc' }
}

function noteTickets(caller: CallerOf, shown: readonly object[]): void {
  if (shown.some((one) => 'ticket_id' in one || 'invitation_url' in one)) reveal(caller, 'ticket_id')
}
