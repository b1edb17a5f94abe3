import { Body, Get, Param, Patch, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { BindActions, type BindOutcome, FindTriggerBindings, isTrigger, TRIGGERS } from '../../actions/index.js'
import { ManagementError } from '../../http/management-error.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { refusedBody, validBody } from '../validation/valid-body.js'
import { BindingsBody } from './actions.dto.js'
import { numberedAnswer, numberedRequest } from './numbered-page.js'
import { showBinding } from './show-action.js'

/** Triggers and what is bound to them, in the order of execution (spec/actions.md §8.2). */
@ManagementController('actions/triggers')
export class TriggersController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @Scopes('read:actions')
  list(): object {
    return { triggers: TRIGGERS }
  }

  @Get(':id/bindings')
  @Scopes('read:actions')
  @Parameters('page', 'per_page')
  async bindings(@Param('id') id: string, @Query() query: QueryParameters): Promise<object> {
    const request = numberedRequest(query)
    const bindings = await this.#bindings(id)
    return numberedAnswer(request, 'bindings', bindings.slice(request.offset, request.offset + request.limit), bindings.length)
  }

  @Patch(':id/bindings')
  @Scopes('update:actions')
  @Operation('Update trigger bindings')
  async bind(@Param('id') id: string, @Body(validBody(BindingsBody)) { bindings }: BindingsBody, @Caller() { context }: CallerOf): Promise<object> {
    await this.#bindings(id)
    const wanted = bindings.map(({ ref, display_name: displayName }) => ({ ref, displayName }))
    const outcome = await this.commands.execute(new BindActions(id, wanted, context))
    if (outcome.kind !== 'bound') throw refusal(outcome)
    return { bindings: await this.#bindings(id) }
  }

  async #bindings(id: string): Promise<object[]> {
    if (!isTrigger(id)) throw new ManagementError(404, 'That trigger does not exist.')
    return (await this.queries.execute(new FindTriggerBindings(id))).map((binding) => showBinding(id, binding))
  }
}

function refusal(outcome: Exclude<BindOutcome, { kind: 'bound' }>): ManagementError {
  if (outcome.kind === 'too many') return refusedBody('The trigger cannot have that many actions.')
  const which = `${outcome.ref.type} ${outcome.ref.value}`
  const texts = {
    unknown: `The action to bind does not exist: ${which}.`,
    'not deployed': `The action to bind is not deployed: ${which}.`,
    'another trigger': `The action to bind is for another trigger: ${which}.`,
    twice: `The action is to be bound twice: ${which}.`,
  }
  return refusedBody(texts[outcome.kind])
}
