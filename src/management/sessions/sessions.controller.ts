import { Body, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { ManagementError } from '../../http/management-error.js'
import { EndSession, FindSessionById, SetSessionMetadata } from '../../sessions/index.js'
import { RevokeSession } from '../../tokens/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { metadataOf } from '../metadata.js'
import { AllScopes, Operation, Scopes } from '../scopes.js'
import { validBody } from '../validation/valid-body.js'
import { SetSessionMetadataBody } from './sessions.dto.js'
import { ShowSessions } from './show-sessions.js'

const notFound = (): ManagementError => new ManagementError(404, 'The session does not exist.', 'inexistent_session')

/** Sessions by id (spec/sessions.md §5). What ends one is in force before the answer. */
@ManagementController('sessions')
export class SessionsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly show: ShowSessions,
  ) {}

  @Get(':id')
  @Scopes('read:sessions')
  async get(@Param('id') id: string): Promise<object> {
    const session = await this.queries.execute(new FindSessionById(id))
    if (!session) throw notFound()
    return this.show.one(id, session)
  }

  /** A page of Auth0's documentation names the scope in the singular. */
  @Patch(':id')
  @Scopes('update:sessions', 'update:session')
  @Operation('Update session', { personal: true })
  async patch(
    @Param('id') id: string,
    @Body(validBody(SetSessionMetadataBody)) body: SetSessionMetadataBody,
    @Caller() { context }: CallerOf,
  ): Promise<object> {
    const metadata = metadataOf(body.session_metadata, 'session_metadata')
    if (!(await this.commands.execute(new SetSessionMetadata(id, metadata, context)))) throw notFound()
    return this.get(id)
  }

  /** Also for an id that is not there: the promise is that it is gone. Offline refresh tokens survive. */
  @Delete(':id')
  @HttpCode(202)
  @Scopes('delete:sessions')
  @Operation('Delete session')
  async delete(@Param('id') id: string, @Caller() { context }: CallerOf): Promise<void> {
    const session = await this.queries.execute(new FindSessionById(id))
    if (session) await this.commands.execute(new EndSession(id, 'revoked', { ...context, userId: session.userId }))
  }

  @Post(':id/revoke')
  @HttpCode(202)
  @AllScopes('delete:sessions', 'delete:refresh_tokens')
  @Operation('Revoke a session')
  async revoke(@Param('id') id: string, @Caller() { context }: CallerOf): Promise<void> {
    if (id.length > 50 || !(await this.commands.execute(new RevokeSession(id, context)))) throw notFound()
  }
}
