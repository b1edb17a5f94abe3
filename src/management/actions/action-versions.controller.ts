import { Body, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { DeployAction, FindActions, FindActionVersions, type FoundAction, type FoundVersion } from '../../actions/index.js'
import { ManagementError } from '../../http/management-error.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { validBody } from '../validation/valid-body.js'
import { noAction } from './actions.controller.js'
import { RestoreVersionBody } from './actions.dto.js'
import { numberedAnswer, numberedRequest } from './numbered-page.js'
import { showVersion } from './show-action.js'

const noVersion = (): ManagementError => new ManagementError(404, 'That action version does not exist.')

/** What was deployed of an Action, for good (spec/actions.md §8.2). */
@ManagementController('actions/actions/:actionId/versions')
export class ActionVersionsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @Scopes('read:actions')
  @Parameters('page', 'per_page')
  async list(@Param('actionId') actionId: string, @Query() query: QueryParameters): Promise<object> {
    const request = numberedRequest(query)
    const action = await this.#action(actionId)
    const { rows, total } = await this.queries.execute(new FindActionVersions(actionId, {}, request))
    return numberedAnswer(
      request,
      'versions',
      rows.map((row) => showVersion(row, action)),
      total,
    )
  }

  @Get(':id')
  @Scopes('read:actions')
  async get(@Param('actionId') actionId: string, @Param('id') id: string): Promise<object> {
    return showVersion(await this.#version(actionId, id), await this.#action(actionId))
  }

  /** Runs a former version again, as a new one. */
  @Post(':id/deploy')
  @HttpCode(200)
  @Scopes('create:actions')
  @Operation('Deploy an action version')
  async deploy(
    @Param('actionId') actionId: string,
    @Param('id') id: string,
    @Body(validBody(RestoreVersionBody)) { update_draft: updateDraft = false }: RestoreVersionBody,
    @Caller() { context }: CallerOf,
  ): Promise<object> {
    const deployment = await this.commands.execute(new DeployAction(actionId, context, { versionId: id, updateDraft }))
    if (deployment.kind !== 'deployed') {
      await this.#action(actionId)
      throw noVersion()
    }
    return showVersion(await this.#version(actionId, deployment.versionId), await this.#action(actionId))
  }

  async #action(id: string): Promise<FoundAction> {
    const { rows } = await this.queries.execute(new FindActions({ id }, { limit: 1 }))
    if (!rows[0]) throw noAction()
    return rows[0]
  }

  async #version(actionId: string, id: string): Promise<FoundVersion> {
    const { rows } = await this.queries.execute(new FindActionVersions(actionId, { id }, { limit: 1 }))
    if (rows[0]) return rows[0]
    await this.#action(actionId)
    throw noVersion()
  }
}
