import { Inject, Injectable } from '@nestjs/common'
import { CONFIG, type Config } from '../../config.js'
import type { Context } from '../../event-store/event.js'
import type { CredentialsExchangeEvent } from '../event/credentials-exchange-event.js'
import { Places } from '../event/places.js'
import { LiveLog } from '../executions/live-log.js'
import { RecordExecution } from '../executions/record-execution.js'
import { allowedClaims, type Claims, claimsBytes, type ClaimTarget, MAX_CLAIMS_BYTES } from '../rules/claims.js'
import { type Command, MAX_COMMANDS } from '../rules/commands.js'
import { isTooDeep } from '../rules/nesting.js'
import { scopeProblem } from '../rules/scopes.js'
import { ActionCache } from './action-cache.js'
import { ActionsSandbox } from './actions-sandbox.js'
import type { BoundAction } from './bound-action.js'
import { causeOf } from './cause.js'
import { executed } from './decisions.js'
import { describable, type ExecutionFacts } from './outcome.js'
import { type ActionRun, type ErrorClass, runAction } from './run-action.js'
import { warningsOf } from './warnings.js'

const TRIGGER = 'credentials-exchange'

export type CredentialsExchangeOutcome =
  | {
      readonly kind: 'allowed'
      readonly execution: ExecutionFacts
      readonly claims: Claims
      /** What the token may do instead of what was granted; undefined where no Action changed it. It never exceeds what the client was granted: intersect it. */
      readonly scope?: readonly string[]
    }
  | {
      readonly kind: 'denied'
      readonly execution: ExecutionFacts
      readonly why: 'denied' | ErrorClass
      /** The OAuth error as the Action chose it, or `access_denied` where it failed, `server_error` where it could not run. */
      readonly error: 'invalid_scope' | 'invalid_request' | 'server_error' | 'access_denied'
      readonly description: string
    }

interface State {
  readonly claims: Claims
  readonly scope: readonly string[]
  readonly changed: boolean
  readonly denial?: { readonly code: 'invalid_scope' | 'invalid_request' | 'server_error'; readonly reason: string }
}

/** As post-login, with the little that a client's own token needs. */
@Injectable()
export class CredentialsExchangeChain {
  readonly #managementApi: string
  readonly #tenant: string

  constructor(
    @Inject(CONFIG) { issuer }: Config,
    private readonly sandbox: ActionsSandbox,
    private readonly cache: ActionCache,
    private readonly recorder: RecordExecution,
    private readonly live: LiveLog,
    private readonly places: Places,
  ) {
    this.#managementApi = `${issuer}api/v2/`
    this.#tenant = new URL(issuer).hostname
  }

  async run(
    event: CredentialsExchangeEvent,
    cause: Context,
    actions: readonly BoundAction[],
    id: string,
    deadline: number,
  ): Promise<CredentialsExchangeOutcome> {
    if (actions.length === 0) return { kind: 'allowed', execution: { actions: [] }, claims: {} }
    const startedAt = new Date()
    const full = { ...event, tenant: { id: this.#tenant }, request: { ...event.request, ...(await this.places.of(event.request.ip)) } }
    const runs: ActionRun[] = []
    let state: State = { claims: event.accessToken.customClaims, scope: event.transaction.target_scopes ?? event.accessToken.scope, changed: false }
    for (const action of actions) {
      const shown = {
        ...full,
        accessToken: { ...full.accessToken, customClaims: state.claims },
        transaction: { ...full.transaction, ...(full.transaction.target_scopes && { target_scopes: state.scope }) },
      }
      const context = { refreshTokenMetadata: {}, cache: this.cache.of(TRIGGER, Date.now()), commands: 0 }
      const call = { entrypoint: 'onExecuteCredentialsExchange', event: shown, context, onLine: this.live.of(id, TRIGGER, action) }
      const run = await runAction(this.sandbox, action, call, deadline)
      const next = run.failure ? undefined : applied(state, run.commands)
      runs.push(run.failure || next ? run : { ...run, commands: [], failure: failed('The Action gave a command that its trigger does not know.') })
      if (!next) break
      this.cache.apply(TRIGGER, run.commands, Date.now())
      state = next
      if (state.denial) break
    }
    const { claims } = allowedClaims(state.claims, 'accessToken', this.#target(event))
    if (!state.denial && !runs.at(-1)!.failure && claimsBytes(claims) > MAX_CLAIMS_BYTES) {
      runs.push({ ...runs.pop()!, failure: failed('The custom claims of the access token exceed 100 KB.') })
    }
    await this.recorder.record({
      id,
      triggerId: TRIGGER,
      status: runs.at(-1)!.failure ? 'partial' : 'final',
      startedAt,
      runs,
      warnings: runs.map(({ commands }) => warningsOf(commands, this.#target(event))),
      userId: undefined,
      cause: causeOf(cause),
    })
    return outcomeOf({ ...state, claims }, runs, { id, actions: runs.map(executed) })
  }

  #target({ resource_server: { identifier: audience } }: CredentialsExchangeEvent): ClaimTarget {
    return { audience, managementApi: this.#managementApi }
  }
}

/** `claims` of the state: those that an Action may set. */
function outcomeOf({ claims, scope, changed, denial }: State, runs: readonly ActionRun[], execution: ExecutionFacts): CredentialsExchangeOutcome {
  const { failure } = runs.at(-1)!
  if (failure) {
    const error = failure.class === 'platform_error' ? 'server_error' : 'access_denied'
    return { kind: 'denied', why: failure.class, error, description: describable(failure.error.message), execution }
  }
  if (denial) return { kind: 'denied', why: 'denied', error: denial.code, description: describable(denial.reason), execution }
  return { kind: 'allowed', execution, claims, ...(changed && { scope }) }
}

const failed = (message: string): NonNullable<ActionRun['failure']> => ({ class: 'action_error', error: { name: 'Error', message } })

const DENY_CODES = ['invalid_scope', 'invalid_request', 'server_error'] as const

/** The state after an Action's commands; undefined for what this trigger does not know: nothing that leaves a sandbox is believed. */
function applied(before: State, commands: readonly Command[]): State | undefined {
  let state = before
  if (commands.length > MAX_COMMANDS) return undefined
  for (const command of commands) {
    switch (command.type) {
      case 'access.deny': {
        const code = DENY_CODES.find((known) => known === command.code)
        if (!code || typeof command.reason !== 'string') return undefined
        state = { ...state, denial: state.denial ?? { code, reason: command.reason } }
        break
      }
      case 'claim': {
        if (typeof command.key !== 'string' || isTooDeep(command.value)) return undefined
        const { [command.key]: _, ...others } = state.claims
        state = { ...state, claims: Object.hasOwn(command, 'value') ? { ...others, [command.key]: command.value } : others }
        break
      }
      case 'targetScope': {
        const { change, scopes } = command
        if (!Array.isArray(scopes) || scopes.some((scope) => scopeProblem(scope))) return undefined
        state = { ...state, changed: true, scope: changedScope(state.scope, change, scopes) }
        break
      }
      case 'cache.set':
      case 'cache.delete':
        break
      default:
        return undefined
    }
  }
  return state
}

function changedScope(scope: readonly string[], change: 'add' | 'remove' | 'set' | 'clear', scopes: readonly string[]): readonly string[] {
  switch (change) {
    case 'add':
      return [...new Set([...scope, ...scopes])]
    case 'remove':
      return scope.filter((name) => !scopes.includes(name))
    case 'set':
      return [...new Set(scopes)]
    case 'clear':
      return []
  }
}
