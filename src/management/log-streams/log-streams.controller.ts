import { Body, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { Operation, Scopes } from '../scopes.js'
import { repeats, validBody } from '../validation/valid-body.js'
import { CreateLogStreamBody, UpdateLogStreamBody } from './log-streams.dto.js'
import { ReadLogStreams } from './read-log-streams.js'
import { WriteLogStreams } from './write-log-streams.js'

/** Where the log is delivered to (spec/management-api.md §2.14, docs/log-streams.md). */
@ManagementController('log-streams')
export class LogStreamsController {
  constructor(
    private readonly streams: ReadLogStreams,
    private readonly write: WriteLogStreams,
  ) {}

  @Get()
  @Scopes('read:log_streams')
  list(): Promise<object[]> {
    return this.streams.list()
  }

  @Post()
  @HttpCode(200)
  @Scopes('create:log_streams')
  @Operation('Create a log stream')
  async create(@Body(validBody(CreateLogStreamBody)) body: CreateLogStreamBody, @Caller() { context }: CallerOf): Promise<object> {
    return this.streams.find(await this.write.create(body, context))
  }

  @Get(':id')
  @Scopes('read:log_streams')
  find(@Param('id') id: string): Promise<object> {
    return this.streams.find(id)
  }

  /** Beyond Auth0: how delivery fares, and what holds it up. */
  @Get(':id/health')
  @Scopes('read:log_streams')
  health(@Param('id') id: string): Promise<object> {
    return this.streams.health(id)
  }

  @Patch(':id')
  @Scopes('update:log_streams')
  @Operation('Update a log stream')
  async patch(@Param('id') id: string, @Body(validBody(UpdateLogStreamBody)) body: UpdateLogStreamBody, @Caller() { context }: CallerOf): Promise<object> {
    repeats(body, await this.streams.find(id))
    await this.write.update(id, body, context)
    return this.streams.find(id)
  }

  @Delete(':id')
  @HttpCode(204)
  @Scopes('delete:log_streams')
  @Operation('Delete a log stream')
  delete(@Param('id') id: string, @Caller() { context }: CallerOf): Promise<void> {
    return this.write.delete(id, context)
  }
}
