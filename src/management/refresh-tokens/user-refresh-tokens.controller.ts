import { Delete, Get, HttpCode, Param, Query, Res } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import type { Response } from 'express'
import { ManagementError } from '../../http/management-error.js'
import { FindRefreshTokens } from '../../tokens/index.js'
import { FindUser } from '../../users/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { Cursors } from '../paging/cursors.js'
import { checkpointAnswer, checkpointRequest } from '../paging/page.js'
import { CHECKPOINTS, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { behind } from './behind.js'
import { RevokeSelection } from './revoke-selection.js'
import { ShowRefreshTokens } from './show-refresh-tokens.js'

/** A user's refresh tokens (spec/management-api.md §2.1). */
@ManagementController('users')
export class UserRefreshTokensController {
  constructor(
    private readonly queries: QueryBus,
    private readonly cursors: Cursors,
    private readonly show: ShowRefreshTokens,
    private readonly selection: RevokeSelection,
  ) {}

  @Get(':id/refresh-tokens')
  @Scopes('read:refresh_tokens')
  @Parameters(...CHECKPOINTS)
  async list(@Param('id') userId: string, @Query() query: QueryParameters, @Res({ passthrough: true }) res: Response): Promise<object> {
    const list = `user-refresh-tokens ${userId}`
    const request = checkpointRequest(query, this.cursors, list)
    await this.#mustExist(userId)
    const page = await this.queries.execute(new FindRefreshTokens({ userId }, { take: request.limit, after: request.after, totals: request.totals }))
    if (!page.current) behind(res)
    const next = page.next === null ? undefined : this.cursors.write(list, page.next)
    return checkpointAnswer(request, 'tokens', await this.show.many(page.refreshTokens), { next, total: page.total })
  }

  @Delete(':id/refresh-tokens')
  @HttpCode(202)
  @Scopes('delete:refresh_tokens')
  @Operation('Delete all refresh tokens of a user')
  async delete(@Param('id') userId: string, @Caller() { context }: CallerOf): Promise<object> {
    await this.#mustExist(userId)
    await this.selection.ofUser({ userId }, context)
    return {}
  }

  async #mustExist(userId: string): Promise<void> {
    if (!(await this.queries.execute(new FindUser({ userId })))) throw new ManagementError(404, 'User not found', 'inexistent_user')
  }
}
