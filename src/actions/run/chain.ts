import { Inject, Injectable } from '@nestjs/common'
import { CONFIG, type Config } from '../../config.js'
import type { Context } from '../../event-store/event.js'
import { type Place, Places } from '../event/places.js'
import type { EventRequest } from '../event/post-login-event.js'
import { LiveLog } from '../executions/live-log.js'
import { RecordExecution } from '../executions/record-execution.js'
import type { ClaimTarget } from '../rules/claims.js'
import type { Command } from '../rules/commands.js'
import { ActionCache } from './action-cache.js'
import { ActionsSandbox } from './actions-sandbox.js'
import type { BoundAction } from './bound-action.js'
import { type Cause, causeOf } from './cause.js'
import { type ActionRun, type Call, runAction, UNAVAILABLE } from './run-action.js'
import { Walk } from './walk.js'
import { warningsOf } from './warnings.js'

interface ChainEvent {
  readonly request: EventRequest
  readonly resource_server?: { readonly identifier: string }
}

/** What a chain adds to an event. */
interface Whereabouts {
  readonly tenant: { readonly id: string }
  readonly request: EventRequest & Place
}

export interface ChainRequest<E extends ChainEvent> {
  readonly event: E
  readonly cause: Context | Cause
  /** In the order of execution; undefined when the one to go on with is not there any more. */
  readonly actions: readonly BoundAction[] | undefined
  readonly execution: string
}

/** What is a trigger's own. */
export interface Trigger<E extends ChainEvent, S> {
  readonly id: string
  /** How the next Action is called. */
  call(event: E & Whereabouts, state: S): Pick<Call, 'entrypoint' | 'event'> & { readonly context: Omit<Call['context'], 'cache'> }
  /** The state after what an Action asked for. Errors: CommandError. */
  applied(before: S, commands: readonly Command[]): S
  /** No further Action is to run. */
  isOver(state: S): boolean
}

/** Runs the Actions of a trigger one after the other, and writes down what came of it (spec/actions.md §4). */
@Injectable()
export class Chain {
  readonly #managementApi: string
  readonly #tenant: string
  readonly #timeoutMs: number

  constructor(
    @Inject(CONFIG) { issuer, settings }: Config,
    private readonly sandbox: ActionsSandbox,
    private readonly cache: ActionCache,
    private readonly recorder: RecordExecution,
    private readonly live: LiveLog,
    private readonly places: Places,
  ) {
    this.#managementApi = `${issuer}api/v2/`
    this.#tenant = new URL(issuer).hostname
    this.#timeoutMs = settings.actionsTimeoutMs
  }

  async run<E extends ChainEvent, S>({ event, actions, execution }: ChainRequest<E>, trigger: Trigger<E, S>, before: S): Promise<Walk<S>> {
    const deadline = performance.now() + this.#timeoutMs
    const walk = new Walk(before)
    if (!actions) walk.failure = { class: 'platform_error', error: UNAVAILABLE }
    const full = { ...event, tenant: { id: this.#tenant }, request: { ...event.request, ...(await this.places.of(event.request.ip)) } }
    for (const action of actions ?? []) {
      const { context, ...call } = trigger.call(full, walk.state)
      const cache = this.cache.of(trigger.id, Date.now())
      const onLine = this.live.of(execution, trigger.id, action)
      const run = await runAction(this.sandbox, action, { ...call, context: { ...context, cache }, onLine }, deadline)
      walk.take(run, trigger.applied)
      if (!walk.failure) this.cache.apply(trigger.id, run.commands, Date.now())
      if (walk.failure || trigger.isOver(walk.state)) break
    }
    return walk
  }

  /** `userId`: whose data the Actions saw; undefined for a client's. Resolves when failures are committed. Errors: the database's. */
  async record<E extends ChainEvent>(
    { startedAt, runs, failure }: Walk<unknown>,
    { event, cause, execution: id }: ChainRequest<E>,
    { triggerId, userId, suspended = false }: { readonly triggerId: string; readonly userId: string | undefined; readonly suspended?: boolean },
  ): Promise<void> {
    const status = suspended ? 'suspended' : failure ? 'partial' : 'final'
    const warnings = ({ commands }: ActionRun): string[] => warningsOf(commands, this.target(event))
    await this.recorder.record({ id, triggerId, status, startedAt, runs, warnings, userId, cause: causeOf(cause) })
  }

  /** What the Actions' claims are for. */
  target({ resource_server }: ChainEvent): ClaimTarget {
    return { audience: resource_server?.identifier, managementApi: this.#managementApi }
  }
}
