import { Inject, Injectable } from '@nestjs/common'
import { CONFIG, type Config } from '../../config.js'
import { Places } from '../event/places.js'
import type { PostLoginEvent } from '../event/post-login-event.js'
import { LiveLog } from '../executions/live-log.js'
import { RecordExecution } from '../executions/record-execution.js'
import type { ExecutionStatus } from '../executions/execution-log.js'
import { allowedClaims, claimsBytes, MAX_CLAIMS_BYTES } from '../rules/claims.js'
import type { TokenKind } from '../rules/commands.js'
import { ActionCache } from './action-cache.js'
import { ActionsSandbox } from './actions-sandbox.js'
import type { Ending } from './apply-commands.js'
import type { BoundAction } from './bound-action.js'
import { type Allowed, type Denied, describable, type ExecutionFacts, type PostLoginOutcome } from './outcome.js'
import type { Pending } from './pending.js'
import { canRedirect, eventWith, NO_EFFECTS, pendingOf, sideEffects } from './post-login-run.js'
import { runAction, UNAVAILABLE } from './run-action.js'
import { type ChainRequest, Walk } from './walk.js'
import { warningsOf } from './warnings.js'

const TRIGGER = 'post-login'

/** Runs Actions one after the other and draws the conclusion (spec/actions.md §4). */
@Injectable()
export class PostLoginChain {
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

  async run(request: ChainRequest): Promise<PostLoginOutcome> {
    const { event, actions, continued } = request
    const before = continued ? { ...continued.suspended.pending, session: pendingOf(event).session } : pendingOf(event)
    if (actions?.length === 0) return this.#allowed(event, before, { actions: [] })
    const walk = new Walk(request, before)
    if (!actions) walk.fail(undefined, 'platform_error', UNAVAILABLE.message)
    const full = actions && { ...event, tenant: { id: this.#tenant }, request: { ...event.request, ...(await this.places.of(event.request.ip)) } }
    for (const action of actions ?? []) {
      await this.#step(walk, full!, action)
      if (walk.over) break
    }
    const outcome = this.#conclude(walk)
    await this.#record(walk, request, outcome)
    return outcome
  }

  async #step(walk: Walk, event: PostLoginEvent, action: BoundAction): Promise<void> {
    const now = Date.now()
    const entrypoint = walk.continues ? 'onContinuePostLogin' : 'onExecutePostLogin'
    const { refreshToken, commands } = walk.pending
    const { state } = walk.request.continued ?? {}
    const context = { refreshTokenMetadata: refreshToken.metadata, cache: this.cache.of(TRIGGER, now), commands, ...(state !== undefined && { state }) }
    const onLine = this.live.of(walk.request.execution, TRIGGER, action)
    const call = { entrypoint, event: eventWith(event, walk.pending, new Date(now).toISOString()), context, onLine }
    const run = await runAction(this.sandbox, action, call, walk.request.deadline)
    walk.take(run)
    if (!walk.failure) this.cache.apply(TRIGGER, run.commands, Date.now())
  }

  #conclude(walk: Walk): PostLoginOutcome {
    const { pending, ending, failure } = walk
    const facts = walk.facts()
    if (failure) return denied(failure.class, failure.message, NO_EFFECTS, facts, pending.warnings)
    if (ending) return this.#ended(ending, walk, facts)
    const outcome = this.#allowed(walk.request.event, pending, facts)
    const tooLarge = (['accessToken', 'idToken'] as const).find((token) => claimsBytes(outcome.claims[token]) > MAX_CLAIMS_BYTES)
    if (!tooLarge) return outcome
    walk.blameLast(`The custom claims of the ${tooLarge === 'idToken' ? 'ID' : 'access'} token exceed 100 KB.`)
    return this.#conclude(walk)
  }

  #ended(ending: Ending, walk: Walk, facts: ExecutionFacts): PostLoginOutcome {
    const { pending } = walk
    const effects = sideEffects(pending)
    switch (ending.type) {
      case 'session.revoke':
        return {
          ...denied('session-revoked', ending.reason, { ...effects, session: { operations: [] } }, facts, pending.warnings),
          revokeSession: { preserveRefreshTokens: ending.preserveRefreshTokens },
        }
      case 'refreshToken.revoke':
        return {
          ...denied('refresh-token-revoked', ending.reason, effects, facts, pending.warnings),
          revokeRefreshToken: walk.request.event.refresh_token !== undefined,
        }
      case 'access.deny':
        return denied('denied', ending.reason, effects, facts, pending.warnings)
      case 'validation.error':
        return { ...denied('validation', ending.reason, effects, facts, pending.warnings), code: ending.code! }
      case 'unsupported':
        return denied('denied', `api.${ending.method} is not available here.`, NO_EFFECTS, facts, [
          ...pending.warnings,
          `api.${ending.method} is not available here.`,
        ])
      case 'redirect': {
        if (!canRedirect(walk.request.event)) {
          return {
            ...denied('interaction-required', 'An Action wants to redirect, which this flow cannot do.', effects, facts, pending.warnings),
            error: 'interaction_required',
          }
        }
        const left: Pending = {
          ...pending,
          userMetadata: {},
          appMetadata: {},
          methods: [],
          warnings: [],
          session: { ...pendingOf(walk.request.event).session },
        }
        const suspended = { execution: walk.request.execution, bindingId: walk.last!.action.bindingId, pending: left, actions: facts.actions }
        return { kind: 'redirected', url: ending.url, suspended, execution: facts, warnings: pending.warnings, ...effects }
      }
    }
  }

  #allowed(event: PostLoginEvent, pending: Pending, execution: ExecutionFacts): Allowed {
    const target = { audience: event.resource_server?.identifier, managementApi: this.#managementApi }
    const tokens = (['accessToken', 'idToken'] as const).map((token): readonly [TokenKind, ReturnType<typeof allowedClaims>] => [
      token,
      allowedClaims(pending.claims[token], token, target),
    ])
    const claims = Object.fromEntries(tokens.map(([token, allowed]) => [token, allowed.claims])) as unknown as Allowed['claims']
    const scopes = Object.entries(pending.scopes)
    const { metadata: _, ...refreshToken } = pending.refreshToken
    const { provider } = pending.multifactor ?? {}
    return {
      kind: 'allowed',
      execution,
      claims,
      scopes: {
        add: scopes.filter(([, change]) => change === 'add').map(([scope]) => scope),
        remove: scopes.filter(([, change]) => change === 'remove').map(([scope]) => scope),
      },
      refreshToken,
      ...(provider !== undefined && { multifactor: provider === 'none' ? ('none' as const) : ('required' as const) }),
      warnings: pending.warnings,
      ...sideEffects(pending),
    }
  }

  async #record(walk: Walk, { event, cause, execution }: ChainRequest, outcome: PostLoginOutcome): Promise<void> {
    const status: ExecutionStatus = outcome.kind === 'redirected' ? 'suspended' : walk.failure ? 'partial' : 'final'
    const target = { audience: event.resource_server?.identifier, managementApi: this.#managementApi }
    const warnings = walk.runs.map(({ commands }) => warningsOf(commands, target))
    await this.recorder.record({
      id: execution,
      triggerId: TRIGGER,
      status,
      startedAt: walk.startedAt,
      runs: walk.runs,
      warnings,
      userId: event.user.user_id,
      cause,
    })
  }
}

const denied = (why: Denied['why'], description: string, effects: typeof NO_EFFECTS, execution: ExecutionFacts, warnings: readonly string[]): Denied => ({
  kind: 'denied',
  why,
  error: why === 'platform_error' ? 'server_error' : 'access_denied',
  description: describable(description),
  revokeRefreshToken: false,
  execution,
  warnings,
  ...effects,
})
