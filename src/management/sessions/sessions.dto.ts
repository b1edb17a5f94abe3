import type { AttachedMetadata } from '../../metadata.js'
import { type ActiveSession, cookieModeOf } from '../../sessions/index.js'
import { Flag, Required, rule, Text, typeOf } from '../validation/rules.js'

/** Keys and values have limits of their own, with texts of their own (spec/sessions.md §10). */
export class SetSessionMetadataBody {
  @Required()
  @rule('metadata', (value) => (typeOf(value) === 'object' ? undefined : `Expected type object but found type ${typeOf(value)}`), { nullable: true })
  session_metadata!: Readonly<Record<string, unknown>> | null
}

export class RevokeAccessBody {
  @Text({ min: 1, max: 50 })
  session_id?: string

  @Flag()
  preserve_refresh_tokens?: boolean
}

/** What was made of a session's personal values; undefined where nobody can open them any more. */
export interface Shown {
  readonly device: object
  readonly metadata: AttachedMetadata | undefined
}

/** The record of spec/sessions.md §5. */
export function showSession(id: string, session: ActiveSession, { device, metadata }: Shown): object {
  return {
    id,
    user_id: session.userId,
    created_at: session.startedAt,
    updated_at: session.updatedAt,
    authenticated_at: session.authenticatedAt,
    idle_expires_at: session.idleExpiresAt,
    expires_at: session.expiresAt,
    last_interacted_at: session.lastInteractedAt,
    device,
    clients: session.clients.map((client_id) => ({ client_id })),
    authentication: { methods: session.methods.map(({ name, at }) => ({ name, timestamp: at })) },
    cookie: { mode: cookieModeOf(session) },
    session_metadata: metadata ?? {},
  }
}
