import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import type { Response } from 'express'
import { FindClient } from '../../authorization/index.js'
import { ManagementError } from '../../http/management-error.js'
import { FindRefreshToken, FindRefreshTokens, InvalidMetadataError, RevokeRefreshToken, SetRefreshTokenMetadata } from '../../tokens/index.js'
import { FindUser } from '../../users/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { Cursors } from '../paging/cursors.js'
import { pick, readFields } from '../paging/fields.js'
import { checkpointAnswer, checkpointRequest } from '../paging/page.js'
import { Operation, Scopes } from '../scopes.js'
import { type QueryParameters, text } from '../validation/query.js'
import { validBody } from '../validation/valid-body.js'
import { metadataOf } from './metadata.js'
import { RevokeTokens, SetMetadata } from './refresh-tokens.dto.js'
import { behind } from './behind.js'
import { RevokeSelection } from './revoke-selection.js'
import { ShowRefreshTokens } from './show-refresh-tokens.js'

const notFound = (): ManagementError => new ManagementError(404, 'The refresh token does not exist.', 'inexistent_refresh_token')

/** Refresh tokens by id and by user (spec/management-api.md §2.1). */
@ManagementController('refresh-tokens')
export class RefreshTokensController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly cursors: Cursors,
    private readonly show: ShowRefreshTokens,
    private readonly selection: RevokeSelection,
  ) {}

  @Get()
  @Scopes('read:refresh_tokens')
  async list(@Query() query: QueryParameters, @Res({ passthrough: true }) res: Response): Promise<object> {
    const userId = text(query, 'user_id')
    if (userId === undefined) throw new ManagementError(400, `Missing required 'user_id' parameter.`, 'invalid_query_string')
    const clientId = text(query, 'client_id')
    const list = `refresh-tokens ${JSON.stringify([userId, clientId])}`
    const request = checkpointRequest(query, this.cursors, list)
    const fields = readFields(query)
    if (!(await this.queries.execute(new FindUser({ userId })))) throw new ManagementError(404, 'User not found', 'inexistent_user')
    if (clientId !== undefined && !(await this.queries.execute(new FindClient({ clientId })))) {
      throw new ManagementError(404, 'The client does not exist.', 'inexistent_client')
    }
    const options = { take: request.limit, ...(clientId !== undefined && { clientId }), ...(request.after !== undefined && { after: request.after }) }
    const page = await this.queries.execute(new FindRefreshTokens(userId, options))
    if (!page.current) behind(res)
    const tokens = (await this.show.many(page.refreshTokens)).map((token) => pick(token, fields))
    return checkpointAnswer(request, 'refresh_tokens', tokens, { next: page.next === null ? undefined : this.cursors.write(list, page.next) })
  }

  @Get(':id')
  @Scopes('read:refresh_tokens')
  async get(@Param('id') id: string, @Query() query: QueryParameters): Promise<object> {
    return pick(await this.#current(id), readFields(query))
  }

  @Patch(':id')
  @Scopes('update:refresh_tokens')
  @Operation('Update a refresh token', { personal: true })
  async patch(@Param('id') id: string, @Body(validBody(SetMetadata)) body: SetMetadata, @Caller() { context }: CallerOf): Promise<object> {
    const metadata = metadataOf(body.refresh_token_metadata, 'refresh_token_metadata')
    try {
      if (!(await this.commands.execute(new SetRefreshTokenMetadata(id, metadata, context)))) throw notFound()
    } catch (error) {
      if (error instanceof InvalidMetadataError) throw new ManagementError(400, error.message, 'invalid_body')
      throw error
    }
    return this.#current(id)
  }

  /** Also for an id that is not there: the promise is that it is gone. */
  @Delete(':id')
  @HttpCode(202)
  @Scopes('delete:refresh_tokens')
  @Operation('Delete a refresh token')
  async delete(@Param('id') id: string, @Caller() { context }: CallerOf): Promise<void> {
    await this.commands.execute(new RevokeRefreshToken(id, 'api', undefined, context))
  }

  @Post('revoke')
  @HttpCode(202)
  @Scopes('delete:refresh_tokens')
  @Operation('Revoke refresh tokens')
  async revoke(@Body(validBody(RevokeTokens)) body: RevokeTokens, @Caller() { context }: CallerOf): Promise<void> {
    await this.selection.revoke(body, context)
  }

  async #current(id: string): Promise<object> {
    const token = await this.queries.execute(new FindRefreshToken(id))
    if (!token) throw notFound()
    return this.show.one(token)
  }
}
