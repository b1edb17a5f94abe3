import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common'
import { PersonKeys } from '../../keys/person-keys.js'
import { Caller, type CallerOf, actsOn } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { pick, readFields } from '../paging/fields.js'
import { FIELDS, PAGES, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { validBody } from '../validation/valid-body.js'
import { ListUsers } from './list-users.js'
import { CreateUserBody, showUsers, UpdateUserBody } from './users.dto.js'
import { WriteUsers } from './write-users.js'

/** spec/management-api.md §2.7. */
@ManagementController('users')
export class UsersController {
  constructor(
    private readonly lists: ListUsers,
    private readonly writes: WriteUsers,
    private readonly keys: PersonKeys,
  ) {}

  @Get()
  @Scopes('read:users', 'read:user_idp_tokens')
  @Parameters('q', 'search_engine', 'sort', 'connection', 'primary_order', ...PAGES, ...FIELDS)
  list(@Query() query: QueryParameters): Promise<object> {
    return this.lists.search(query)
  }

  @Post()
  @Scopes('create:users')
  @Operation('Create a User', { personal: true })
  async create(@Body(validBody(CreateUserBody)) body: CreateUserBody, @Caller() { context }: CallerOf): Promise<object> {
    return this.#show(await this.writes.create(body, context), {})
  }

  @Get(':id')
  @Scopes('read:users', 'read:current_user', 'read:user_idp_tokens')
  @Parameters(...FIELDS)
  get(@Param('id') id: string, @Query() query: QueryParameters, @Caller() caller: CallerOf): Promise<object> {
    actsOn(caller, id, 'read:users', 'read:user_idp_tokens')
    return this.#show(id, query)
  }

  @Patch(':id')
  @Scopes('update:users', 'update:users_app_metadata', 'update:current_user_metadata')
  @Operation('Update a User', { personal: true })
  async update(@Param('id') id: string, @Body(validBody(UpdateUserBody)) body: UpdateUserBody, @Caller() caller: CallerOf): Promise<object> {
    await this.writes.update(id, body, caller)
    return this.#show(id, {})
  }

  @Delete(':id')
  @HttpCode(204)
  @Scopes('delete:users', 'delete:current_user')
  @Operation('Delete a User', { personal: true })
  async delete(@Param('id') id: string, @Caller() caller: CallerOf): Promise<void> {
    actsOn(caller, id, 'delete:users')
    await this.writes.delete(id, caller.context)
  }

  /** As it is now. Errors: ManagementError 404. */
  async #show(id: string, query: QueryParameters): Promise<object> {
    const fields = readFields(query)
    const [shown] = await showUsers(this.keys, [await this.lists.byId(id)])
    return pick(shown!, fields)
  }
}
