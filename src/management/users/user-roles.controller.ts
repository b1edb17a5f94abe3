import { Body, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { ChangeUserRoles, FindRoles, FindUser } from '../../users/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { offsetAnswer, offsetRequest } from '../paging/page.js'
import { noRole } from '../roles/permissions.js'
import { show } from '../roles/roles.controller.js'
import { RolesBody } from '../roles/roles.dto.js'
import { PAGES, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { validBody } from '../validation/valid-body.js'
import { absentUser, tooManyRoles } from './user-access.js'

/** A user's roles (spec/management-api.md §2.7). */
@ManagementController('users/:id/roles')
export class UserRolesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @Scopes('read:users', 'read:roles', 'read:role_members')
  @Parameters(...PAGES)
  async list(@Param('id') userId: string, @Query() query: QueryParameters): Promise<object> {
    const request = offsetRequest(query)
    if (!(await this.queries.execute(new FindUser({ userId })))) throw absentUser()
    const { rows, total } = await this.queries.execute(new FindRoles({ userId }, request))
    return offsetAnswer(request, 'roles', rows.map(show), total)
  }

  @Post()
  @HttpCode(204)
  @Scopes('update:users', 'create:role_members')
  @Operation('Assign roles to a user')
  async assign(@Param('id') userId: string, @Body(validBody(RolesBody)) { roles }: RolesBody, @Caller() { context }: CallerOf): Promise<void> {
    const wanted = [...new Set(roles)]
    const { total } = await this.queries.execute(new FindRoles({ ids: wanted }, { limit: 0 }))
    if (total < wanted.length) throw noRole()
    const outcome = await this.commands.execute(new ChangeUserRoles(userId, { assign: wanted }, { ...context, userId }))
    if (outcome === 'absent') throw absentUser()
    if (outcome === 'no-role') throw noRole()
    if (outcome === 'too many') throw tooManyRoles()
  }

  @Delete()
  @HttpCode(204)
  @Scopes('update:users', 'delete:role_members')
  @Operation('Remove roles from a user')
  async remove(@Param('id') userId: string, @Body(validBody(RolesBody)) { roles }: RolesBody, @Caller() { context }: CallerOf): Promise<void> {
    const outcome = await this.commands.execute(new ChangeUserRoles(userId, { remove: roles }, { ...context, userId }))
    if (outcome === 'absent') throw absentUser()
  }
}
