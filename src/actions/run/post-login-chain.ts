import { Injectable } from '@nestjs/common'
import type { PostLoginEvent } from '../event/post-login-event.js'
import { allowedClaims, type Claims, claimsBytes, MAX_CLAIMS_BYTES } from '../rules/claims.js'
import type { TokenKind } from '../rules/commands.js'
import { applyCommands, type Ending } from './apply-commands.js'
import { Chain, type ChainRequest, type Trigger } from './chain.js'
import { executed } from './decisions.js'
import { type Allowed, type Denied, describable, type ExecutionFacts, type PostLoginOutcome, type Suspended } from './outcome.js'
import type { Pending } from './pending.js'
import { canRedirect, eventWith, flowOf, NO_EFFECTS, pendingOf, sideEffects } from './post-login-run.js'
import type { Walk } from './walk.js'

const TRIGGER = 'post-login'

interface PostLoginRequest extends ChainRequest<PostLoginEvent> {
  readonly continued?: { readonly suspended: Suspended; readonly state: string }
}

interface State {
  readonly pending: Pending
  /** Whether the next Action is the one that had sent the browser away. */
  readonly continues: boolean
  readonly ending?: Ending
}

/** Runs the post-login Actions and draws the conclusion. */
@Injectable()
export class PostLoginChain {
  constructor(private readonly chain: Chain) {}

  async run(request: PostLoginRequest): Promise<PostLoginOutcome> {
    const { event, actions, continued } = request
    const before = continued ? { ...continued.suspended.pending, session: pendingOf(event).session } : pendingOf(event)
    if (actions?.length === 0) return this.#allowed(event, before, { actions: [] })
    const walk = await this.chain.run(request, triggerOf(request), { pending: before, continues: continued !== undefined })
    const outcome = this.#conclude(walk, request)
    await this.chain.record(walk, request, { triggerId: TRIGGER, userId: event.user.user_id, suspended: outcome.kind === 'redirected' })
    return outcome
  }

  #conclude(walk: Walk<State>, request: PostLoginRequest): PostLoginOutcome {
    const { pending, ending } = walk.state
    const { failure } = walk
    const { execution: id, continued } = request
    const facts = { id, actions: [...(continued?.suspended.actions ?? []), ...walk.runs.map(executed)] }
    if (failure) return denied(failure.class, failure.error.message, NO_EFFECTS, facts, pending.warnings)
    if (ending) return ended(ending, walk, request, facts)
    const outcome = this.#allowed(request.event, pending, facts)
    const tooLarge = (['accessToken', 'idToken'] as const).find((token) => claimsBytes(outcome.claims[token]) > MAX_CLAIMS_BYTES)
    if (!tooLarge) return outcome
    walk.blameLast(`The custom claims of the ${tooLarge === 'idToken' ? 'ID' : 'access'} token exceed 100 KB.`)
    return this.#conclude(walk, request)
  }

  #allowed(event: PostLoginEvent, pending: Pending, execution: ExecutionFacts): Allowed {
    const target = this.chain.target(event)
    const claims = (token: TokenKind): Claims => allowedClaims(pending.claims[token], token, target).claims
    const scopes = Object.entries(pending.scopes)
    const { metadata: _, ...refreshToken } = pending.refreshToken
    const { provider } = pending.multifactor ?? {}
    return {
      kind: 'allowed',
      execution,
      claims: { accessToken: claims('accessToken'), idToken: claims('idToken') },
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
}

const triggerOf = ({ event, continued }: PostLoginRequest): Trigger<PostLoginEvent, State> => ({
  id: TRIGGER,
  call: (full, { pending, continues }) => ({
    entrypoint: continues ? 'onContinuePostLogin' : 'onExecutePostLogin',
    event: eventWith(full, pending, new Date().toISOString()),
    context: { refreshTokenMetadata: pending.refreshToken.metadata, commands: pending.commands, ...(continued && { state: continued.state }) },
  }),
  applied: ({ pending, continues }, commands) => ({ continues: false, ...applyCommands(pending, commands, flowOf(event, continues)) }),
  isOver: ({ ending }) => ending !== undefined,
})

function ended(ending: Ending, { state: { pending }, last }: Walk<State>, { event, execution }: PostLoginRequest, facts: ExecutionFacts): PostLoginOutcome {
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
        revokeRefreshToken: event.refresh_token !== undefined,
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
      if (!canRedirect(event)) {
        return {
          ...denied('interaction-required', 'An Action wants to redirect, which this flow cannot do.', effects, facts, pending.warnings),
          error: 'interaction_required',
        }
      }
      const left: Pending = { ...pending, userMetadata: {}, appMetadata: {}, methods: [], warnings: [], session: pendingOf(event).session }
      const suspended = { execution, bindingId: last!.action.bindingId, pending: left, actions: facts.actions }
      return { kind: 'redirected', url: ending.url, suspended, execution: facts, warnings: pending.warnings, ...effects }
    }
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
