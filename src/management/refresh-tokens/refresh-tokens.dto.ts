import { ManagementError } from '../../http/management-error.js'
import { type FoundRevocation, type RefreshTokenRecord, resourceServers } from '../../tokens/index.js'
import { Flag, Nested, Required, rule, Text, Texts, typeOf } from '../validation/rules.js'
import { DEVICE_CREDENTIAL_ID, isTime } from './formats.js'

/** Keys and values have limits of their own, with texts of their own (spec/management-api.md §2.1). */
export class SetMetadata {
  @Required()
  @rule('metadata', (value) => (typeOf(value) === 'object' ? undefined : `Expected type object but found type ${typeOf(value)}`), { nullable: true })
  refresh_token_metadata!: Readonly<Record<string, unknown>> | null
}

const TIME = { min: 1, max: 40, format: ['date-time', isTime] } as const

/** Which refresh tokens: all that is named must fit (docs/refresh-tokens.md). */
export class TokenFilter {
  @Text({ min: 1, max: 300 })
  user_id?: string

  @Text({ min: 1, max: 64 })
  client_id?: string

  @Text({ min: 1, max: 50 })
  session_id?: string

  @Text({ min: 1, max: 600 })
  audience?: string

  @Text({ pattern: DEVICE_CREDENTIAL_ID })
  device_credential_id?: string

  @Text({ min: 1, max: 100 })
  initial_ip?: string

  @Text({ min: 1, max: 500 })
  initial_user_agent?: string

  @Text({ min: 1, max: 100 })
  last_ip?: string

  @Text({ min: 1, max: 500 })
  last_user_agent?: string

  @Text(TIME)
  issued_from?: string

  @Text(TIME)
  issued_to?: string
}

/** `ids`, the user and what narrows them, or a filter: one of these. */
export class RevokeTokens {
  @Texts({ min: 1, max: 100, each: { min: 1, max: 30 } })
  ids?: string[]

  @Text({ min: 1, max: 300 })
  user_id?: string

  @Text({ min: 1, max: 64 })
  client_id?: string

  @Text({ min: 1, max: 600 })
  audience?: string

  @Nested(() => TokenFilter)
  filter?: TokenFilter

  @Flag()
  dry_run?: boolean
}

/** What was made of a refresh token's personal values; undefined where nobody can open them any more. */
export interface Shown {
  readonly device: object
  readonly metadata: Readonly<Record<string, string>> | undefined
}

/** The record of spec/management-api.md §2.1. `last_exchanged_at` is absent for tokens that never expire: nobody keeps it of those. */
export function showRefreshToken(token: RefreshTokenRecord, { device, metadata }: Shown, issuer: string): object {
  const expires = token.expires_at !== null || token.idle_expires_at !== null
  return {
    id: token.id,
    user_id: token.user_id,
    created_at: iso(token.created_at),
    idle_expires_at: iso(token.idle_expires_at),
    expires_at: iso(token.expires_at),
    device,
    client_id: token.client_id,
    session_id: token.session_id,
    rotating: token.rotating,
    resource_servers: resourceServers(token, issuer),
    refresh_token_metadata: metadata ?? {},
    ...(expires && { last_exchanged_at: iso(token.last_exchanged_at) }),
  }
}

/** Rows bring a Date where the state brings a text. */
const iso = (time: string | Date | null): string | null => (time === null ? null : new Date(time).toISOString())

/** A revocation that goes on in the background, or has. */
export const showRevocation = (id: string, revocation: FoundRevocation): object => ({
  id,
  status: revocation.status === 'finished' ? 'done' : 'running',
  revoked: revocation.ended,
  requested_at: revocation.requestedAt,
  finished_at: revocation.status === 'finished' ? revocation.finishedAt : null,
})

export const absentRefreshToken = (): ManagementError => new ManagementError(404, 'The refresh token does not exist.', 'inexistent_refresh_token')
