import { Injectable } from '@nestjs/common'
import type { CredentialsExchangeEvent } from '../event/credentials-exchange-event.js'
import { allowedClaims, type Claims, claimsBytes, MAX_CLAIMS_BYTES } from '../rules/claims.js'
import { type Command, MAX_COMMANDS } from '../rules/commands.js'
import { isTooDeep } from '../rules/nesting.js'
import { scopeProblem } from '../rules/scopes.js'
import { CommandError } from './apply-commands.js'
import { Chain, type ChainRequest, type Trigger } from './chain.js'
import { executed } from './decisions.js'
import { describable, type ExecutionFacts } from './outcome.js'
import type { ErrorClass } from './run-action.js'
import type { Walk } from './walk.js'

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
  constructor(private readonly chain: Chain) {}

  async run(request: ChainRequest<CredentialsExchangeEvent>): Promise<CredentialsExchangeOutcome> {
    const { event, actions, execution: id } = request
    if (actions?.length === 0) return { kind: 'allowed', execution: { actions: [] }, claims: {} }
    const scope = event.transaction.target_scopes ?? event.accessToken.scope
    const walk = await this.chain.run(request, TRIGGER, { claims: event.accessToken.customClaims, scope, changed: false })
    const { claims } = allowedClaims(walk.state.claims, 'accessToken', this.chain.target(event))
    if (!walk.state.denial && !walk.failure && claimsBytes(claims) > MAX_CLAIMS_BYTES) walk.blameLast('The custom claims of the access token exceed 100 KB.')
    await this.chain.record(walk, request, { triggerId: TRIGGER.id, userId: undefined })
    return outcomeOf(walk, claims, { id, actions: walk.runs.map(executed) })
  }
}

const TRIGGER: Trigger<CredentialsExchangeEvent, State> = {
  id: 'credentials-exchange',
  call: ({ accessToken, transaction, ...event }, { claims, scope }) => ({
    entrypoint: 'onExecuteCredentialsExchange',
    event: {
      ...event,
      accessToken: { ...accessToken, customClaims: claims },
      transaction: { ...transaction, ...(transaction.target_scopes && { target_scopes: scope }) },
    },
    context: { refreshTokenMetadata: {}, commands: 0 },
  }),
  applied,
  isOver: ({ denial }) => denial !== undefined,
}

/** `claims`: those that an Action may set. */
function outcomeOf({ state: { scope, changed, denial }, failure }: Walk<State>, claims: Claims, execution: ExecutionFacts): CredentialsExchangeOutcome {
  if (failure) {
    const error = failure.class === 'platform_error' ? 'server_error' : 'access_denied'
    return { kind: 'denied', why: failure.class, error, description: describable(failure.error.message), execution }
  }
  if (denial) return { kind: 'denied', why: 'denied', error: denial.code, description: describable(denial.reason), execution }
  return { kind: 'allowed', execution, claims, ...(changed && { scope }) }
}

const DENY_CODES = ['invalid_scope', 'invalid_request', 'server_error'] as const

/** The state after an Action's commands: nothing that leaves a sandbox is believed. Errors: CommandError. */
function applied(before: State, commands: readonly Command[]): State {
  let state = before
  if (commands.length > MAX_COMMANDS) throw unknownCommand()
  for (const command of commands) {
    switch (command.type) {
      case 'access.deny': {
        const code = DENY_CODES.find((known) => known === command.code)
        if (!code || typeof command.reason !== 'string') throw unknownCommand()
        state = { ...state, denial: state.denial ?? { code, reason: command.reason } }
        break
      }
      case 'claim': {
        if (typeof command.key !== 'string' || isTooDeep(command.value)) throw unknownCommand()
        const { [command.key]: _, ...others } = state.claims
        state = { ...state, claims: Object.hasOwn(command, 'value') ? { ...others, [command.key]: command.value } : others }
        break
      }
      case 'targetScope': {
        const { change, scopes } = command
        if (!Array.isArray(scopes) || scopes.some((scope) => scopeProblem(scope))) throw unknownCommand()
        state = { ...state, changed: true, scope: changedScope(state.scope, change, scopes) }
        break
      }
      case 'cache.set':
      case 'cache.delete':
        break
      default:
        throw unknownCommand()
    }
  }
  return state
}

const unknownCommand = (): CommandError => new CommandError('The Action gave a command that its trigger does not know.')

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
