import { Body, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { ChangeMembership, FindUser } from '../../users/index.js'
import { Caller, type CallerOf, needs } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { Cursors } from '../paging/cursors.js'
import { pick, readFields } from '../paging/fields.js'
import { pageAnswer, pageRequest, placeIn, tablePage } from '../paging/page.js'
import { BOTH_PAGES, FIELDS, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { absentUser } from '../users/user-access.js'
import type { QueryParameters } from '../validation/query.js'
import { validBody } from '../validation/valid-body.js'
import { findOrganization, MAX_PAGE, noOrganization, tooMany } from './find-organization.js'
import { OrganizationLists } from './organization-lists.js'
import { MembersBody } from './organizations.dto.js'

/** Who belongs to an organization (spec/management-api.md §2.11). */
@ManagementController('organizations/:id/members')
export class OrganizationMembersController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly lists: OrganizationLists,
    private readonly cursors: Cursors,
  ) {}

  /** Roles only where `fields` names them. */
  @Get()
  @Scopes('read:organization_members')
  @Parameters(...BOTH_PAGES, ...FIELDS)
  async list(@Param('id') id: string, @Query() query: QueryParameters, @Caller() caller: CallerOf): Promise<object> {
    const fields = readFields(query)
    const withRoles = fields?.include === true && fields.names.has('roles')
    if (withRoles) needs(caller, 'read:organization_member_roles')
    const list = `organization members ${id}`
    const request = pageRequest(query, this.cursors, list, { maxPage: MAX_PAGE })
    await findOrganization(this.queries, { id })
    const found = await this.lists.members(id, tablePage(request), { withRoles })
    return pageAnswer(request, 'members', found, {
      cursors: this.cursors,
      list,
      placeOf: ({ created_at, user_id }) => placeIn(created_at.toISOString(), user_id),
      show: ({ created_at: _, ...member }) => pick(member, fields),
    })
  }

  /** Each user by themselves: a request that failed half way is completed by its repetition. */
  @Post()
  @HttpCode(204)
  @Scopes('create:organization_members')
  @Operation('Add members to an organization')
  async add(@Param('id') id: string, @Body(validBody(MembersBody)) { members }: MembersBody, @Caller() { context }: CallerOf): Promise<void> {
    await findOrganization(this.queries, { id })
    for (const userId of members) if (!(await this.queries.execute(new FindUser({ userId })))) throw absentUser()
    for (const userId of members) {
      const outcome = await this.commands.execute(new ChangeMembership(userId, id, { add: 'api' }, context))
      if (outcome === 'absent') throw absentUser()
      if (outcome === 'no-organization') throw noOrganization()
      if (outcome === 'too many') throw tooMany()
    }
  }

  /** Whoever is no member is as good as removed. */
  @Delete()
  @HttpCode(204)
  @Scopes('delete:organization_members')
  @Operation('Delete members from an organization')
  async remove(@Param('id') id: string, @Body(validBody(MembersBody)) { members }: MembersBody, @Caller() { context }: CallerOf): Promise<void> {
    await findOrganization(this.queries, { id })
    for (const userId of members) await this.commands.execute(new ChangeMembership(userId, id, { remove: true }, context))
  }
}
