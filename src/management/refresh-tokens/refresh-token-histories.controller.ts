import { Get, Param, Query, Res } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import type { Response } from 'express'
import { CatchUp } from '../../event-store/catch-up.js'
import { ManagementError } from '../../http/management-error.js'
import { FindRefreshTokenHistory, FindReuse } from '../../tokens/index.js'
import { tenantLogsProjection } from '../logs/tenant-logs.projection.js'
import { ManagementController } from '../management-controller.js'
import { Cursors } from '../paging/cursors.js'
import { checkpointAnswer, checkpointRequest } from '../paging/page.js'
import { CHECKPOINTS, Parameters } from '../parameters.js'
import { AllScopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { behind } from './behind.js'
import { absentRefreshToken } from './refresh-tokens.dto.js'
import { ShowHistory } from './show-history.js'

/** What became of a refresh token: also of one that nothing else shows any more (docs/refresh-tokens.md). Ours. */
@ManagementController('refresh-tokens')
export class RefreshTokenHistoriesController {
  constructor(
    private readonly queries: QueryBus,
    private readonly cursors: Cursors,
    private readonly catchUp: CatchUp,
    private readonly show: ShowHistory,
  ) {}

  @Get(':id/history')
  @AllScopes('read:refresh_tokens', 'read:logs')
  @Parameters(...CHECKPOINTS)
  async history(@Param('id') id: string, @Query() query: QueryParameters, @Res({ passthrough: true }) res: Response): Promise<object> {
    const list = `refresh-token-history ${id}`
    const request = checkpointRequest(query, this.cursors, list)
    await this.#wait(res)
    const history = await this.queries.execute(new FindRefreshTokenHistory(id, { after: Number(request.after ?? 0), take: request.limit }))
    if (!history) throw absentRefreshToken()
    const { refresh_token, entries } = await this.show.history(history)
    const next = history.next === null ? undefined : this.cursors.write(list, String(history.next))
    return { refresh_token, ...checkpointAnswer(request, 'history', entries, { next }) }
  }

  @Get(':id/reuse-case')
  @AllScopes('read:refresh_tokens', 'read:logs')
  async reuseCase(@Param('id') id: string, @Res({ passthrough: true }) res: Response): Promise<object> {
    await this.#wait(res)
    const reuse = await this.queries.execute(new FindReuse(id))
    if (reuse) return this.show.reuse(reuse, new Date())
    if (!(await this.queries.execute(new FindRefreshTokenHistory(id, { after: 0, take: 1 })))) throw absentRefreshToken()
    throw new ManagementError(404, 'No reuse of this refresh token was detected.', 'inexistent_reuse_case')
  }

  async #wait(res: Response): Promise<void> {
    if (!(await this.catchUp.caughtUp(tenantLogsProjection.name))) behind(res)
  }
}
