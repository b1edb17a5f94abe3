import { Body, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { ManagementError } from '../../http/management-error.js'
import { ChangeRolePermissions, FindRoles } from '../../users/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { offsetAnswer, offsetRequest } from '../paging/page.js'
import { PAGES, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { validBody } from '../validation/valid-body.js'
import { AccessLists, type ListedPermission } from './access-lists.js'
import { namedPermissions, noRole, withoutIds } from './permissions.js'
import { PermissionsBody } from './roles.dto.js'

/** What a role permits (spec/management-api.md §2.10). */
@ManagementController('roles/:id/permissions')
export class RolePermissionsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly lists: AccessLists,
  ) {}

  @Get()
  @Scopes('read:roles')
  @Parameters(...PAGES)
  async list(@Param('id') id: string, @Query() query: QueryParameters): Promise<object> {
    const request = offsetRequest(query)
    const { rows: roles } = await this.queries.execute(new FindRoles({ ids: [id] }, { limit: 1 }))
    if (!roles[0]) throw noRole()
    const { rows, total } = await this.lists.rolePermissions(id, request)
    return offsetAnswer(request, 'permissions', rows.map(showPermission), total)
  }

  @Post()
  @HttpCode(201)
  @Scopes('update:roles')
  @Operation('Associate permissions with a role')
  async add(@Param('id') id: string, @Body(validBody(PermissionsBody)) { permissions }: PermissionsBody, @Caller() { context }: CallerOf): Promise<object> {
    const add = await namedPermissions(this.queries, permissions)
    const outcome = await this.commands.execute(new ChangeRolePermissions(id, { add }, context))
    if (outcome === 'absent') throw noRole()
    if (outcome === 'too many') throw new ManagementError(400, 'No more permissions can be assigned to this role.', 'operation_not_supported')
    return {}
  }

  @Delete()
  @HttpCode(204)
  @Scopes('update:roles')
  @Operation('Remove permissions from a role')
  async remove(@Param('id') id: string, @Body(validBody(PermissionsBody)) { permissions }: PermissionsBody, @Caller() { context }: CallerOf): Promise<void> {
    const outcome = await this.commands.execute(new ChangeRolePermissions(id, { remove: withoutIds(permissions) }, context))
    if (outcome === 'absent') throw noRole()
  }
}

export const showPermission = ({ resource_server_identifier, permission_name, resource_server_name, description }: ListedPermission): object => ({
  resource_server_identifier,
  permission_name,
  resource_server_name,
  description,
})
