import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context, Origin } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { RootKeys } from '../../keys/root-key.js'
import { causedBy } from '../refresh-token/cause.js'
import { exchange, type ExchangePolicy, type ExchangeResult, family } from '../refresh-token/family.js'
import { isGenuine, parseRefreshToken, refreshToken } from '../refresh-token/token-value.js'

export type RedeemedRefreshToken =
  | { readonly kind: 'redeemed'; readonly familyId: string; readonly refreshToken: string; readonly expiresAt: string | null }
  | Extract<ExchangeResult, { kind: 'refused' }>

/** RFC 6749 §6 by an authenticated client. A refusal is an answer, not an error: detected reuse is committed with it. */
export class RedeemRefreshToken extends Command<RedeemedRefreshToken> {
  constructor(
    readonly presented: string,
    readonly clientId: string,
    readonly policy: ExchangePolicy,
    readonly origin: Origin,
    readonly context: Context = {},
  ) {
    super()
  }
}

@CommandHandler(RedeemRefreshToken)
export class RedeemRefreshTokenHandler implements ICommandHandler<RedeemRefreshToken> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ presented, clientId, policy, origin, context }: RedeemRefreshToken): Promise<RedeemedRefreshToken> {
    const token = parseRefreshToken(presented)
    if (!token) return UNKNOWN
    const { familyId, generation } = token
    const { result } = await this.store.transact(
      family,
      familyId,
      async (state, now) => {
        if (state.status === 'none' || !isGenuine(this.rootKeys, state, token)) return { events: [], result: UNKNOWN }
        const { events, result } = exchange(state, { clientId, generation }, policy, now)
        if (result.kind === 'refused') return { events, result }
        const redeemed = {
          kind: 'redeemed' as const,
          familyId,
          refreshToken: refreshToken(this.rootKeys, state, familyId, result.generation),
          expiresAt: result.expiresAt,
        }
        return { events, result: redeemed }
      },
      async (state) => ({ ...context, clientId, ...(state.status !== 'none' && (await causedBy(this.personKeys, state.userId, origin))) }),
    )
    return result
  }
}

const UNKNOWN = { kind: 'refused', why: 'unknown' } as const
