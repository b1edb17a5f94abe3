import { randomBytes } from 'node:crypto'
import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { ManagementError } from '../../http/management-error.js'
import { ChangeRole, CreateRole, DeleteRole, FindRoles, type RoleDocument } from '../../users/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { offsetAnswer, offsetRequest } from '../paging/page.js'
import { PAGES, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { type QueryParameters, text } from '../validation/query.js'
import { validBody } from '../validation/valid-body.js'
import { noRole } from './permissions.js'
import { CreateRoleBody, UpdateRoleBody } from './roles.dto.js'

const exists = (): ManagementError => new ManagementError(409, 'The role already exists.', 'conflict')

/** spec/management-api.md §2.10. */
@ManagementController('roles')
export class RolesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @Scopes('read:roles')
  @Parameters('name_filter', 'type', ...PAGES)
  async list(@Query() query: QueryParameters): Promise<object> {
    const request = offsetRequest(query)
    // Organizations have no roles of their own here.
    if (text(query, 'type') === 'organization') return offsetAnswer(request, 'roles', [], 0)
    const { rows, total } = await this.queries.execute(new FindRoles({ name: text(query, 'name_filter', { max: 256 }) }, request))
    return offsetAnswer(request, 'roles', rows.map(show), total)
  }

  @Post()
  @HttpCode(200)
  @Scopes('create:roles')
  @Operation('Create a role')
  async create(@Body(validBody(CreateRoleBody)) { name, description }: CreateRoleBody, @Caller() { context }: CallerOf): Promise<object> {
    const role = { id: newRoleId(), name, ...(description && { description }) }
    if ((await this.commands.execute(new CreateRole(role, context))) === 'exists') throw exists()
    return show(await this.#find(role.id))
  }

  @Get(':id')
  @Scopes('read:roles')
  async get(@Param('id') id: string): Promise<object> {
    return show(await this.#find(id))
  }

  @Patch(':id')
  @Scopes('update:roles')
  @Operation('Update a role')
  async patch(@Param('id') id: string, @Body(validBody(UpdateRoleBody)) body: UpdateRoleBody, @Caller() { context }: CallerOf): Promise<object> {
    const { name, description } = body
    const changes = { ...(name !== undefined && { name }), ...(description !== undefined && { description: description || undefined }) }
    const outcome = await this.commands.execute(new ChangeRole(id, changes, context))
    if (outcome === 'absent') throw noRole()
    if (outcome === 'exists') throw exists()
    return show(await this.#find(id))
  }

  @Delete(':id')
  @HttpCode(200)
  @Scopes('delete:roles')
  @Operation('Delete a role')
  async delete(@Param('id') id: string, @Caller() { context }: CallerOf): Promise<object> {
    if ((await this.commands.execute(new DeleteRole(id, context))) === 'absent') throw noRole()
    return {}
  }

  async #find(id: string): Promise<RoleDocument> {
    const { rows } = await this.queries.execute(new FindRoles({ ids: [id] }, { limit: 1 }))
    if (!rows[0]) throw noRole()
    return rows[0]
  }
}

export const show = ({ id, name, description }: RoleDocument): object => ({ id, name, ...(description !== undefined && { description }) })

const ALPHANUMERIC = /[^A-Za-z0-9]/g

/** `rol_` and 16 letters and digits. */
function newRoleId(): string {
  let text = ''
  while (text.length < 16) text += randomBytes(16).toString('base64').replace(ALPHANUMERIC, '')
  return `rol_${text.slice(0, 16)}`
}
