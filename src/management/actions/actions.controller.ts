import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import {
  ChangeAction,
  CreateAction,
  DeleteAction,
  DeployAction,
  FindActions,
  FindActionVersions,
  type FoundAction,
  isTrigger,
  TestAction,
} from '../../actions/index.js'
import { ManagementError } from '../../http/management-error.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { flag, invalidQuery, type QueryParameters, text } from '../validation/query.js'
import { invalidBody, refusedBody, repeats, validBody } from '../validation/valid-body.js'
import { actionChanges, CreateActionBody, newAction, TestActionBody, UpdateActionBody } from './actions.dto.js'
import { numberedAnswer, numberedRequest } from './numbered-page.js'
import { showAction, showVersion } from './show-action.js'

export const noAction = (): ManagementError => new ManagementError(404, 'That action does not exist.')
const nameTaken = (): ManagementError => new ManagementError(409, 'An action with that name already exists.', 'conflict')
/** Deploy tools look for these words and try again. */
const notBuilt = (): ManagementError => refusedBody(`A draft must be in the 'built' state before it can be deployed.`)

/** Actions and what is done with them (spec/actions.md §8.2). */
@ManagementController('actions/actions')
export class ActionsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @Scopes('read:actions')
  @Parameters('triggerId', 'actionName', 'deployed', 'installed', 'page', 'per_page')
  async list(@Query() query: QueryParameters): Promise<object> {
    const request = numberedRequest(query)
    const triggerId = text(query, 'triggerId')
    if (triggerId !== undefined && !isTrigger(triggerId)) throw invalidQuery(`No enum match for: ${triggerId.slice(0, 100)}`, 'triggerId')
    const filter = { triggerId, name: text(query, 'actionName'), deployed: flag(query, 'deployed') }
    // Installed are those of a marketplace, which there is not.
    if (flag(query, 'installed')) return numberedAnswer(request, 'actions', [], 0)
    const { rows, total } = await this.queries.execute(new FindActions(filter, request))
    return numberedAnswer(request, 'actions', rows.map(showAction), total)
  }

  @Post()
  @Scopes('create:actions')
  @Operation('Create an action')
  async create(@Body(validBody(CreateActionBody)) body: CreateActionBody, @Caller() { context }: CallerOf): Promise<object> {
    const outcome = await this.commands.execute(new CreateAction(newAction(body), context))
    if (outcome.kind === 'name taken') throw nameTaken()
    if (outcome.kind === 'too many') throw new ManagementError(403, 'You reached the limit of entities of this type for this tenant.', 'too_many_entities')
    return showAction(await this.#find(outcome.id))
  }

  @Get(':id')
  @Scopes('read:actions')
  async get(@Param('id') id: string): Promise<object> {
    return showAction(await this.#find(id))
  }

  @Patch(':id')
  @Scopes('update:actions')
  @Operation('Update an action')
  async patch(@Param('id') id: string, @Body(validBody(UpdateActionBody)) body: UpdateActionBody, @Caller() { context }: CallerOf): Promise<object> {
    repeats(body, { id })
    const { changes, triggerId } = actionChanges(body)
    const { document } = await this.#find(id)
    if (triggerId !== undefined && triggerId !== document.draft.trigger.id)
      throw invalidBody('The trigger of an action cannot be changed', 'supported_triggers')
    const outcome = await this.commands.execute(new ChangeAction(id, changes, context))
    if (outcome === 'absent') throw noAction()
    if (outcome === 'name taken') throw nameTaken()
    if (typeof outcome === 'object') {
      throw invalidBody('Missing required property: value', `secrets[${body.secrets!.findIndex(({ name }) => name === outcome.withoutValue)}]`)
    }
    return showAction(await this.#find(id))
  }

  @Delete(':id')
  @HttpCode(204)
  @Scopes('delete:actions')
  @Parameters('force')
  @Operation('Delete an action')
  async delete(@Param('id') id: string, @Query() query: QueryParameters, @Caller() { context }: CallerOf): Promise<void> {
    const outcome = await this.commands.execute(new DeleteAction(id, flag(query, 'force') ?? false, context))
    if (outcome === 'absent') throw noAction()
    if (outcome === 'bound') throw new ManagementError(400, 'The action is bound to a trigger: unbind it first, or use force=true.', 'operation_not_supported')
  }

  @Post(':id/deploy')
  @HttpCode(200)
  @Scopes('create:actions')
  @Operation('Deploy an action')
  async deploy(@Param('id') id: string, @Caller() { context }: CallerOf): Promise<object> {
    const deployment = await this.commands.execute(new DeployAction(id, context))
    if (deployment.kind === 'absent') throw noAction()
    if (deployment.kind !== 'deployed') throw notBuilt()
    const { rows } = await this.queries.execute(new FindActionVersions(id, { id: deployment.versionId }, { limit: 1 }))
    if (!rows[0]) throw noAction()
    return showVersion(rows[0], await this.#find(id))
  }

  @Post(':id/test')
  @HttpCode(200)
  @Scopes('create:actions')
  @Operation('Test an action', { personal: true })
  async test(@Param('id') id: string, @Body(validBody(TestActionBody)) { payload }: TestActionBody): Promise<object> {
    const tested = await this.commands.execute(new TestAction(id, payload))
    if (!tested) throw noAction()
    return { payload: tested }
  }

  async #find(id: string): Promise<FoundAction> {
    const { rows } = await this.queries.execute(new FindActions({ id }, { limit: 1 }))
    if (!rows[0]) throw noAction()
    return rows[0]
  }
}
