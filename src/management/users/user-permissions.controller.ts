import { Body, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { ChangeUserPermissions, FindUser } from '../../users/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { offsetAnswer, offsetRequest } from '../paging/page.js'
import { AccessLists } from '../roles/access-lists.js'
import { namedPermissions, withoutIds } from '../roles/permissions.js'
import { showPermission } from '../roles/role-permissions.controller.js'
import { PermissionsBody } from '../roles/roles.dto.js'
import { PAGES, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { validBody } from '../validation/valid-body.js'
import { absentUser, tooManyPermissions } from './user-access.js'

/** What a user is permitted: directly, which is changed here, and by roles (spec/management-api.md §2.7). */
@ManagementController('users/:id/permissions')
export class UserPermissionsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly lists: AccessLists,
  ) {}

  @Get()
  @Scopes('read:users')
  @Parameters(...PAGES)
  async list(@Param('id') userId: string, @Query() query: QueryParameters): Promise<object> {
    const request = offsetRequest(query)
    if (!(await this.queries.execute(new FindUser({ userId })))) throw absentUser()
    const { rows, total } = await this.lists.userPermissions(userId, request)
    const shown = rows.map((permission) => ({ ...showPermission(permission), sources: permission.sources }))
    return offsetAnswer(request, 'permissions', shown, total)
  }

  @Post()
  @HttpCode(201)
  @Scopes('update:users')
  @Operation('Assign permissions to a user')
  async assign(
    @Param('id') userId: string,
    @Body(validBody(PermissionsBody)) { permissions }: PermissionsBody,
    @Caller() { context }: CallerOf,
  ): Promise<object> {
    const assign = await namedPermissions(this.queries, permissions)
    const outcome = await this.commands.execute(new ChangeUserPermissions(userId, { assign }, { ...context, userId }))
    if (outcome === 'absent') throw absentUser()
    if (outcome === 'too many') throw tooManyPermissions()
    return {}
  }

  @Delete()
  @HttpCode(204)
  @Scopes('update:users')
  @Operation('Remove permissions from a user')
  async remove(
    @Param('id') userId: string,
    @Body(validBody(PermissionsBody)) { permissions }: PermissionsBody,
    @Caller() { context }: CallerOf,
  ): Promise<void> {
    const outcome = await this.commands.execute(new ChangeUserPermissions(userId, { remove: withoutIds(permissions) }, { ...context, userId }))
    if (outcome === 'absent') throw absentUser()
  }
}
