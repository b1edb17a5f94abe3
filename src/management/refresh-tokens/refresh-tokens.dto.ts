import type { Origin } from '../../event-store/event.js'
import type { RefreshTokenRecord } from '../../tokens/index.js'
import { Flag, Required, rule, Text, Texts, typeOf } from '../validation/rules.js'

/** Keys and values have limits of their own, with texts of their own (spec/management-api.md §2.1). */
export class SetMetadata {
  @Required()
  @rule('metadata', (value) => (typeOf(value) === 'object' ? undefined : `Expected type object but found type ${typeOf(value)}`), { nullable: true })
  refresh_token_metadata!: Readonly<Record<string, unknown>> | null
}

export class RevokeTokens {
  @Texts({ min: 1, max: 100, each: { min: 1, max: 30 } })
  ids?: string[]

  @Text({ min: 1, max: 300 })
  user_id?: string

  @Text({ min: 1, max: 64 })
  client_id?: string

  @Text({ min: 1, max: 600 })
  audience?: string
}

export class RevokeAccess {
  @Text({ min: 1, max: 50 })
  session_id?: string

  @Flag()
  preserve_refresh_tokens?: boolean
}

/** A refresh token's personal values, opened; undefined where nobody can open them any more. */
export interface Opened {
  readonly initial: Origin | undefined
  readonly last: Origin | undefined
  readonly metadata: Readonly<Record<string, string>> | undefined
}

/** The record of spec/management-api.md §2.1. `last_exchanged_at` is absent for tokens that never expire: nobody keeps it of those. */
export function showRefreshToken(token: RefreshTokenRecord, { initial, last, metadata }: Opened): object {
  const expires = token.expires_at !== null || token.idle_expires_at !== null
  return {
    id: token.id,
    user_id: token.user_id,
    created_at: iso(token.created_at),
    idle_expires_at: iso(token.idle_expires_at),
    expires_at: iso(token.expires_at),
    device: {
      initial_ip: initial?.ip ?? null,
      initial_asn: null,
      initial_user_agent: initial?.userAgent ?? null,
      last_ip: last?.ip ?? null,
      last_asn: null,
      last_user_agent: last?.userAgent ?? null,
    },
    client_id: token.client_id,
    session_id: token.session_id,
    rotating: token.rotating,
    resource_servers: token.audience === null ? [] : [{ audience: token.audience, scopes: token.scope.join(' ') }],
    refresh_token_metadata: metadata ?? {},
    ...(expires && { last_exchanged_at: iso(token.last_exchanged_at) }),
  }
}

/** Rows bring a Date where the state brings a text. */
const iso = (time: string | Date | null): string | null => (time === null ? null : new Date(time).toISOString())
