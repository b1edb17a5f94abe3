import { Body, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { ManagementError } from '../../http/management-error.js'
import { ChangeMemberRoles, FindRoles } from '../../users/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { offsetAnswer, offsetRequest } from '../paging/page.js'
import { noRole } from '../roles/permissions.js'
import { show } from '../roles/roles.controller.js'
import { PAGES, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { validBody } from '../validation/valid-body.js'
import { findOrganization } from './find-organization.js'
import { OrganizationLists } from './organization-lists.js'
import { MemberRolesBody } from './organizations.dto.js'

const noMember = (): ManagementError => new ManagementError(404, 'No member found by that id')

/** The roles that a member has in the organization, and nowhere else (spec/management-api.md §2.11). */
@ManagementController('organizations/:id/members/:userId/roles')
export class MemberRolesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly lists: OrganizationLists,
  ) {}

  @Get()
  @Scopes('read:organization_member_roles')
  @Parameters(...PAGES)
  async list(@Param('id') id: string, @Param('userId') userId: string, @Query() query: QueryParameters): Promise<object> {
    const request = offsetRequest(query)
    await findOrganization(this.queries, { id })
    const found = await this.lists.memberRoles(id, userId, request)
    if (!found) throw noMember()
    return offsetAnswer(request, 'roles', found.rows.map(show), found.total)
  }

  @Post()
  @HttpCode(204)
  @Scopes('create:organization_member_roles')
  @Operation('Assign roles to an organization member')
  async assign(
    @Param('id') id: string,
    @Param('userId') userId: string,
    @Body(validBody(MemberRolesBody)) { roles }: MemberRolesBody,
    @Caller() { context }: CallerOf,
  ): Promise<void> {
    await findOrganization(this.queries, { id })
    const wanted = [...new Set(roles)]
    const { total } = await this.queries.execute(new FindRoles({ ids: wanted }, { limit: 0 }))
    if (total < wanted.length) throw noRole()
    const outcome = await this.commands.execute(new ChangeMemberRoles(userId, id, { assign: wanted }, context))
    if (outcome === 'absent') throw noMember()
    if (outcome === 'no-role') throw noRole()
    if (outcome === 'too many') throw new ManagementError(409, 'No more roles can be assigned to this organization member.', 'conflict')
  }

  @Delete()
  @HttpCode(204)
  @Scopes('delete:organization_member_roles')
  @Operation('Delete roles from an organization member')
  async remove(
    @Param('id') id: string,
    @Param('userId') userId: string,
    @Body(validBody(MemberRolesBody)) { roles }: MemberRolesBody,
    @Caller() { context }: CallerOf,
  ): Promise<void> {
    await findOrganization(this.queries, { id })
    const outcome = await this.commands.execute(new ChangeMemberRoles(userId, id, { remove: roles }, context))
    if (outcome === 'absent') throw noMember()
  }
}
