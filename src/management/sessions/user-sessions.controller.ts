import { Body, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import type { Response } from 'express'
import { CatchUp } from '../../event-store/catch-up.js'
import type { Context, Mark } from '../../event-store/event.js'
import { ManagementError } from '../../http/management-error.js'
import { EndSession, FindSessionById, FindSessions, FindSessionState } from '../../sessions/index.js'
import { RevokeAccess, RevokeRefreshTokens, RevokeSession } from '../../tokens/index.js'
import { EndLogins, FindUser } from '../../users/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { Cursors } from '../paging/cursors.js'
import { checkpointAnswer, checkpointRequest } from '../paging/page.js'
import { behind } from '../refresh-tokens/behind.js'
import { CHECKPOINTS, Parameters } from '../parameters.js'
import { AllScopes, Operation, Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { validBody } from '../validation/valid-body.js'
import { RevokeAccessBody } from './sessions.dto.js'
import { ShowSessions } from './show-sessions.js'

const REACTOR = 'logins_ended'
const REACTION_MS = 2000

/** A user's sessions, and all access that a user has (spec/sessions.md §5). What ends is ended before the answer. */
@ManagementController('users')
export class UserSessionsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly catchUp: CatchUp,
    private readonly cursors: Cursors,
    private readonly show: ShowSessions,
  ) {}

  @Get(':id/sessions')
  @Scopes('read:sessions')
  @Parameters(...CHECKPOINTS)
  async list(@Param('id') userId: string, @Query() query: QueryParameters, @Res({ passthrough: true }) res: Response): Promise<object> {
    const list = `user-sessions ${userId}`
    const request = checkpointRequest(query, this.cursors, list)
    await this.#mustExist(userId, 'User not found')
    const { limit: take, after, totals: total } = request
    const page = await this.queries.execute(new FindSessions(userId, { take, total, ...(after !== undefined && { after }) }))
    if (!page.current) behind(res)
    const next = page.next === null ? undefined : this.cursors.write(list, page.next)
    return checkpointAnswer(request, 'sessions', await this.show.many(page.sessions), { next, total: page.total })
  }

  @Delete(':id/sessions')
  @HttpCode(202)
  @Scopes('delete:sessions')
  @Operation(`Delete sessions for a user`)
  async delete(@Param('id') userId: string, @Caller() { context }: CallerOf): Promise<void> {
    await this.#mustExist(userId, 'User not found')
    await this.#reacted(await this.commands.execute(new EndLogins(userId, context)))
  }

  /**
   * One session with the refresh tokens that began in it; without a session, everything of the user.
   */
  @Post(':id/revoke-access')
  @HttpCode(202)
  @AllScopes('delete:sessions', 'delete:refresh_tokens')
  @Operation(`Revoke a user's access`)
  async revokeAccess(@Param('id') userId: string, @Body(validBody(RevokeAccessBody)) body: RevokeAccessBody, @Caller() { context }: CallerOf): Promise<void> {
    await this.#mustExist(userId, 'The user does not exist.')
    const { session_id: sessionId, preserve_refresh_tokens: preserve = false } = body
    if (sessionId !== undefined) return this.#revokeOne(userId, sessionId, preserve, context)
    await this.#reacted(await this.commands.execute(preserve ? new EndLogins(userId, context) : new RevokeAccess(userId, context)))
  }

  /** The refresh tokens also of a session that is over already. */
  async #revokeOne(userId: string, sessionId: string, preserve: boolean, context: Context): Promise<void> {
    const state = await this.queries.execute(new FindSessionState(sessionId))
    if (state.status === 'unknown' || state.userId !== userId) return
    if (!preserve) {
      const isRevoked = await this.commands.execute(new RevokeSession(sessionId, context))
      if (!isRevoked) await this.commands.execute(new RevokeRefreshTokens({ userId, sessionId }, 'api-bulk', context))
    } else if (await this.queries.execute(new FindSessionById(sessionId))) {
      await this.commands.execute(new EndSession(sessionId, 'revoked', { ...context, userId }))
    }
  }

  /** None of the sessions can be used any more; the reactor ends each, which the answer waits for a little. */
  async #reacted(mark: Mark | undefined): Promise<void> {
    if (mark) await this.catchUp.caughtUp(REACTOR, REACTION_MS, mark)
  }

  async #mustExist(userId: string, otherwise: string): Promise<void> {
    if (!(await this.queries.execute(new FindUser({ userId })))) throw new ManagementError(404, otherwise, 'inexistent_user')
  }
}
