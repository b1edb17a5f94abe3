import { Body, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { ChangeUserRoles, FindRoles, FindUser } from '../../users/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { Cursors } from '../paging/cursors.js'
import { pageAnswer, pageRequest, placeIn, tablePage } from '../paging/page.js'
import { BOTH_PAGES, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { absentUser, tooManyRoles } from '../users/user-access.js'
import type { QueryParameters } from '../validation/query.js'
import { validBody } from '../validation/valid-body.js'
import { AccessLists } from './access-lists.js'
import { noRole } from './permissions.js'
import { UsersBody } from './roles.dto.js'

/** Who has a role (spec/management-api.md §2.10). */
@ManagementController('roles/:id/users')
export class RoleUsersController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly lists: AccessLists,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @Scopes('read:users', 'read:roles', 'read:role_members')
  @Parameters(...BOTH_PAGES)
  async list(@Param('id') id: string, @Query() query: QueryParameters): Promise<object> {
    await this.#mustExist(id)
    const list = `role users ${id}`
    const request = pageRequest(query, this.cursors, list)
    const found = await this.lists.roleUsers(id, tablePage(request))
    return pageAnswer(request, 'users', found, {
      cursors: this.cursors,
      list,
      placeOf: ({ created_at, user_id }) => placeIn(created_at.toISOString(), user_id),
      show: ({ created_at: _, ...user }) => user,
    })
  }

  /** Each user by themselves: a request that failed half way is completed by its repetition. */
  @Post()
  @HttpCode(200)
  @Scopes('update:roles', 'create:role_members')
  @Operation('Assign users to a role')
  async assign(@Param('id') id: string, @Body(validBody(UsersBody)) { users }: UsersBody, @Caller() { context }: CallerOf): Promise<object> {
    await this.#mustExist(id)
    for (const userId of users) if (!(await this.queries.execute(new FindUser({ userId })))) throw absentUser()
    for (const userId of users) {
      const outcome = await this.commands.execute(new ChangeUserRoles(userId, { assign: [id] }, { ...context, userId }))
      if (outcome === 'absent') throw absentUser()
      if (outcome === 'no-role') throw noRole()
      if (outcome === 'too many') throw tooManyRoles()
    }
    return {}
  }

  async #mustExist(id: string): Promise<void> {
    const { rows } = await this.queries.execute(new FindRoles({ ids: [id] }, { limit: 1 }))
    if (!rows[0]) throw noRole()
  }
}
