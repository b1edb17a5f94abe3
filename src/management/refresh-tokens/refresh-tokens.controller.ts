import { Body, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query, Res } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import type { Response } from 'express'
import { FindClient } from '../../authorization/index.js'
import { CONFIG, type Config } from '../../config.js'
import type { Context } from '../../event-store/event.js'
import { ManagementError } from '../../http/management-error.js'
import { FindRefreshToken, FindRefreshTokens, FindRevocation, RevokeRefreshToken, SetRefreshTokenMetadata } from '../../tokens/index.js'
import { type AttachedMetadata, InvalidMetadataError } from '../../metadata.js'
import { FindUser } from '../../users/index.js'
import { isOnlineTokenId } from '../../sessions/index.js'
import { Caller, type CallerOf, onlyReads } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { metadataOf } from '../metadata.js'
import { Cursors } from '../paging/cursors.js'
import { pick, readFields } from '../paging/fields.js'
import { checkpointAnswer, checkpointRequest } from '../paging/page.js'
import { CHECKPOINTS, FIELDS, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { refusedBody, validBody } from '../validation/valid-body.js'
import { FILTERS, readFilter } from './read-filter.js'
import { absentRefreshToken, RevokeTokens, SetMetadata, showRevocation } from './refresh-tokens.dto.js'
import { behind } from './behind.js'
import { RevokeSelection } from './revoke-selection.js'
import { ShowRefreshTokens } from './show-refresh-tokens.js'

/** They live and die with their sessions (spec/refresh-tokens.md §8). */
const NOT_HERE = `API doesn't support Online Refresh Tokens`
const USE_SESSIONS = `${NOT_HERE}. To revoke an Online Refresh Token, use the Sessions API: POST /api/v2/sessions/{session_id}/revoke`

/** Refresh tokens by id and by user (spec/management-api.md §2.1). */
@ManagementController('refresh-tokens')
export class RefreshTokensController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly cursors: Cursors,
    private readonly show: ShowRefreshTokens,
    private readonly selection: RevokeSelection,
  ) {}

  /** Auth0 knows users and their clients; what else narrows the list is ours, and does without a user (docs/refresh-tokens.md). */
  @Get()
  @Scopes('read:refresh_tokens')
  @Parameters(...FILTERS, ...CHECKPOINTS, ...FIELDS)
  async list(@Query() query: QueryParameters, @Res({ passthrough: true }) res: Response): Promise<object> {
    const filter = readFilter(query)
    if (Object.keys(filter).length === 0) throw new ManagementError(400, `Missing required 'user_id' parameter.`, 'invalid_query_string')
    const list = `refresh-tokens ${JSON.stringify(filter)}`
    const request = checkpointRequest(query, this.cursors, list)
    const fields = readFields(query)
    const { userId, clientId } = filter
    if (userId !== undefined && !(await this.queries.execute(new FindUser({ userId })))) {
      throw new ManagementError(404, 'User not found', 'inexistent_user')
    }
    if (clientId !== undefined && !(await this.queries.execute(new FindClient({ clientId })))) {
      throw new ManagementError(404, 'The client does not exist.', 'inexistent_client')
    }
    const page = await this.queries.execute(new FindRefreshTokens(filter, { take: request.limit, after: request.after }))
    if (!page.current) behind(res)
    const tokens = (await this.show.many(page.refreshTokens)).map((token) => pick(token, fields))
    return checkpointAnswer(request, 'refresh_tokens', tokens, { next: page.next === null ? undefined : this.cursors.write(list, page.next) })
  }

  /** How far one has come that was too large for the answer to wait for it. */
  @Get('revocations/:id')
  @Scopes('read:refresh_tokens')
  async revocation(@Param('id') id: string): Promise<object> {
    const found = await this.queries.execute(new FindRevocation(id))
    if (!found) throw new ManagementError(404, 'The revocation does not exist.')
    return showRevocation(id, found)
  }

  @Get(':id')
  @Scopes('read:refresh_tokens')
  @Parameters(...FIELDS)
  async get(@Param('id') id: string, @Query() query: QueryParameters): Promise<object> {
    return pick(await this.#current(id), readFields(query))
  }

  @Patch(':id')
  @Scopes('update:refresh_tokens')
  @Operation('Update a refresh token', { personal: true })
  async patch(@Param('id') id: string, @Body(validBody(SetMetadata)) body: SetMetadata, @Caller() { context }: CallerOf): Promise<object> {
    if (isOnlineTokenId(id)) throw refusedBody(NOT_HERE)
    const metadata = metadataOf(body.refresh_token_metadata, 'refresh_token_metadata')
    await this.#setMetadata(id, metadata, Object.entries(body.refresh_token_metadata ?? {}), context)
    return this.#current(id)
  }

  /** Also for an id that is not there: the promise is that it is gone. */
  @Delete(':id')
  @HttpCode(202)
  @Scopes('delete:refresh_tokens')
  @Operation('Delete a refresh token')
  async delete(@Param('id') id: string, @Caller() { context }: CallerOf): Promise<void> {
    if (isOnlineTokenId(id)) throw refusedBody(USE_SESSIONS)
    await this.commands.execute(new RevokeRefreshToken(id, 'api', undefined, context))
  }

  @Post('revoke')
  @HttpCode(202)
  @Scopes('delete:refresh_tokens')
  @Operation('Revoke refresh tokens')
  async revoke(
    @Body(validBody(RevokeTokens)) body: RevokeTokens,
    @Caller() caller: CallerOf,
    @Res({ passthrough: true }) res: Response,
  ): Promise<object | undefined> {
    if (body.ids?.some(isOnlineTokenId)) throw refusedBody(USE_SESSIONS)
    const meant = await this.selection.meant(body)
    if (!body.dry_run) return this.selection.revoke(meant, caller.context)
    onlyReads(caller)
    res.status(200)
    return { count: await this.selection.count(meant) }
  }

  /** Nothing at all clears what is there, also where a PATCH is to merge (spec/refresh-tokens.md §11). */
  async #setMetadata(id: string, metadata: AttachedMetadata, given: readonly [string, unknown][], context: Context): Promise<void> {
    const merges = this.config.settings.metadataPatch === 'merge' && given.length > 0
    const without = given.filter(([, value]) => value === null).map(([key]) => key)
    try {
      if (!(await this.commands.execute(new SetRefreshTokenMetadata(id, metadata, context, merges ? without : undefined)))) throw absentRefreshToken()
    } catch (error) {
      if (error instanceof InvalidMetadataError) throw refusedBody(error.message)
      throw error
    }
  }

  async #current(id: string): Promise<object> {
    if (isOnlineTokenId(id)) throw refusedBody(NOT_HERE)
    const token = await this.queries.execute(new FindRefreshToken(id))
    if (!token) throw absentRefreshToken()
    return this.show.one(token)
  }
}
