import { Body, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import type { Response } from 'express'
import { ManagementError } from '../../http/management-error.js'
import { EndSession, FindSessionById } from '../../sessions/index.js'
import { CountRefreshTokens, FindRefreshTokens } from '../../tokens/index.js'
import { FindUser } from '../../users/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { Cursors } from '../paging/cursors.js'
import { checkpointAnswer, checkpointRequest } from '../paging/page.js'
import { AllScopes, Operation, Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { validBody } from '../validation/valid-body.js'
import { behind } from './behind.js'
import { RevokeAccess } from './refresh-tokens.dto.js'
import { RevokeSelection } from './revoke-selection.js'
import { ShowRefreshTokens } from './show-refresh-tokens.js'

/** A user's refresh tokens (spec/management-api.md §2.1). */
@ManagementController('users')
export class UserRefreshTokensController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly cursors: Cursors,
    private readonly show: ShowRefreshTokens,
    private readonly selection: RevokeSelection,
  ) {}

  @Get(':id/refresh-tokens')
  @Scopes('read:refresh_tokens')
  async list(@Param('id') userId: string, @Query() query: QueryParameters, @Res({ passthrough: true }) res: Response): Promise<object> {
    const list = `user-refresh-tokens ${userId}`
    const request = checkpointRequest(query, this.cursors, list)
    await this.#mustExist(userId)
    const page = await this.queries.execute(
      new FindRefreshTokens(userId, { take: request.limit, ...(request.after !== undefined && { after: request.after }) }),
    )
    if (!page.current) behind(res)
    const total = request.totals ? await this.queries.execute(new CountRefreshTokens(userId)) : undefined
    const next = page.next === null ? undefined : this.cursors.write(list, page.next)
    return checkpointAnswer(request, 'tokens', await this.show.many(page.refreshTokens), { next, total })
  }

  @Delete(':id/refresh-tokens')
  @HttpCode(202)
  @Scopes('delete:refresh_tokens')
  @Operation(`Delete a user's refresh tokens`)
  async delete(@Param('id') userId: string, @Caller() { context }: CallerOf): Promise<object> {
    await this.#mustExist(userId)
    await this.selection.ofUser({ userId }, context)
    return {}
  }

  /** One session with the refresh tokens that began in it; without a session all refresh tokens, and the sessions that they began in. */
  @Post(':id/revoke-access')
  @HttpCode(202)
  @AllScopes('delete:sessions', 'delete:refresh_tokens')
  @Operation(`Revoke a user's access`)
  async revokeAccess(@Param('id') userId: string, @Body(validBody(RevokeAccess)) body: RevokeAccess, @Caller() { context }: CallerOf): Promise<void> {
    if (!(await this.queries.execute(new FindUser({ userId })))) throw new ManagementError(404, 'The user does not exist.', 'inexistent_user')
    const { session_id: sessionId, preserve_refresh_tokens: preserve = false } = body
    for (const id of sessionId === undefined ? await this.#sessionsOf(userId) : [sessionId]) {
      const session = await this.queries.execute(new FindSessionById(id))
      if (session?.userId === userId) await this.commands.execute(new EndSession(id, 'api', { ...context, userId }))
    }
    if (!preserve) await this.selection.ofUser({ userId, ...(sessionId !== undefined && { sessionId }) }, context)
  }

  async #sessionsOf(userId: string): Promise<string[]> {
    const sessions = new Set<string>()
    for (let after: string | null = ''; after !== null;) {
      const page: { refreshTokens: readonly { session_id: string | null }[]; next: string | null } = await this.queries.execute(
        new FindRefreshTokens(userId, { take: 100, after }),
      )
      for (const { session_id } of page.refreshTokens) if (session_id !== null) sessions.add(session_id)
      after = page.next
    }
    return [...sessions]
  }

  async #mustExist(userId: string): Promise<void> {
    if (!(await this.queries.execute(new FindUser({ userId })))) throw new ManagementError(404, 'User not found', 'inexistent_user')
  }
}
