import { Body, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { ManagementError } from '../../http/management-error.js'
import { FindUser, type FoundUser } from '../../users/index.js'
import { actsOn, Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { offsetAnswer, offsetRequest } from '../paging/page.js'
import { PAGES, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { notEnabled } from '../small/unbuilt-writes.js'
import type { QueryParameters } from '../validation/query.js'
import { absentUser } from './user-access.js'

/** Further factors and identities of people (spec/management-api.md §2.7). There are none here: reads say so, what takes one away has nothing to do, and what adds one is refused. */
@ManagementController('users/:id')
export class UserFactorsController {
  constructor(private readonly queries: QueryBus) {}

  @Get('authentication-methods')
  @Scopes('read:authentication_methods')
  @Parameters(...PAGES)
  async methods(@Param('id') id: string, @Query() query: QueryParameters): Promise<object> {
    const request = offsetRequest(query)
    await this.#find(id)
    return offsetAnswer(request, 'authenticators', [], 0)
  }

  @Post('authentication-methods')
  @Scopes('create:authentication_methods')
  @Operation('Create an authentication method for a user', { personal: true })
  async addMethod(@Param('id') id: string): Promise<never> {
    await this.#find(id)
    throw notEnabled()
  }

  @Put('authentication-methods')
  @Scopes('update:authentication_methods')
  @Operation('Replace all authentication methods of a user', { personal: true })
  async setMethods(@Param('id') id: string, @Body() body: unknown): Promise<object> {
    await this.#find(id)
    if (!Array.isArray(body) || body.length > 0) throw notEnabled()
    return []
  }

  @Delete('authentication-methods')
  @HttpCode(204)
  @Scopes('delete:authentication_methods')
  @Operation('Delete all authentication methods of a user')
  async deleteMethods(@Param('id') id: string): Promise<void> {
    await this.#find(id)
  }

  @Get('authentication-methods/:methodId')
  @Scopes('read:authentication_methods')
  async method(@Param('id') id: string): Promise<never> {
    await this.#find(id)
    throw noMethod()
  }

  @Patch('authentication-methods/:methodId')
  @Scopes('update:authentication_methods')
  @Operation('Update an authentication method of a user', { personal: true })
  async updateMethod(@Param('id') id: string): Promise<never> {
    await this.#find(id)
    throw noMethod()
  }

  @Delete('authentication-methods/:methodId')
  @HttpCode(204)
  @Scopes('delete:authentication_methods')
  @Operation('Delete an authentication method of a user')
  async deleteMethod(@Param('id') id: string): Promise<void> {
    await this.#find(id)
  }

  @Get('enrollments')
  @Scopes('read:users', 'read:current_user')
  async enrollments(@Param('id') id: string, @Caller() caller: CallerOf): Promise<object> {
    actsOn(caller, id, 'read:users')
    await this.#find(id)
    return []
  }

  @Delete('authenticators')
  @HttpCode(204)
  @Scopes('delete:guardian_enrollments')
  @Operation('Delete all authenticators of a user')
  async deleteAuthenticators(@Param('id') id: string): Promise<void> {
    await this.#find(id)
  }

  @Delete('multifactor/:provider')
  @HttpCode(204)
  @Scopes('update:users')
  @Operation("Delete a User's Multi-factor Provider")
  async deleteProvider(@Param('id') id: string): Promise<void> {
    await this.#find(id)
  }

  @Post('multifactor/actions/invalidate-remember-browser')
  @HttpCode(204)
  @Scopes('update:users')
  @Operation('Invalidate All Remembered Browsers for Multi-factor Authentication')
  async forgetBrowsers(@Param('id') id: string): Promise<void> {
    await this.#find(id)
  }

  @Post('recovery-code-regeneration')
  @Scopes('update:users')
  @Operation('Generate a new multi-factor recovery code')
  async regenerate(@Param('id') id: string): Promise<never> {
    await this.#find(id)
    throw new ManagementError(404, 'Enrollment not found.')
  }

  @Post('identities')
  @Scopes('update:users', 'update:current_user_identities')
  @Operation('Link a User Account', { personal: true })
  async link(@Param('id') id: string, @Caller() caller: CallerOf): Promise<never> {
    actsOn(caller, id, 'update:users')
    await this.#find(id)
    throw notEnabled()
  }

  @Delete('identities/:provider/:userId')
  @Scopes('update:users', 'update:current_user_identities')
  @Operation('Unlink a User Account', { personal: true })
  async unlink(@Param('id') id: string, @Param('provider') provider: string, @Param('userId') userId: string, @Caller() caller: CallerOf): Promise<never> {
    actsOn(caller, id, 'update:users')
    const { document } = await this.#find(id)
    const [main] = document.identities
    if (main.provider === provider && main.user_id === userId) throw new ManagementError(400, 'Main identity cannot be removed.', 'operation_not_supported')
    throw new ManagementError(404, 'The identity does not exist.')
  }

  /** Errors: ManagementError 404. */
  async #find(userId: string): Promise<FoundUser> {
    const found = await this.queries.execute(new FindUser({ userId }))
    if (!found) throw absentUser()
    return found
  }
}

const noMethod = (): ManagementError => new ManagementError(404, 'The authentication method does not exist.')
