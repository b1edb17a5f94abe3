import { createHash } from 'node:crypto'
import type { MarkScope } from './mark.events.js'

const MAX_BYTES = 100

/** Which refresh tokens; what is not named is any. */
export interface RefreshTokenSelection {
  readonly userId?: string
  readonly clientId?: string
  /** Null: those of logins without an API. */
  readonly audience?: string | null
  readonly sessionId?: string
  /** In whose name the logins were. */
  readonly organizationId?: string
}

/** The scope of the one mark that ends a selection. Throws for a selection of another shape: its tokens are ended one by one. */
export function scopeOf({ organizationId, ...selection }: RefreshTokenSelection): MarkScope {
  const { userId, clientId, audience, sessionId } = selection
  if (organizationId !== undefined) {
    if (Object.values(selection).some((value) => value !== undefined)) throw new Error('no one mark ends such a selection of refresh tokens')
    return { kind: 'organization', organizationId }
  }
  if (sessionId === undefined && audience === undefined) {
    if (userId !== undefined && clientId !== undefined) return { kind: 'user-client', userId, clientId }
    if (userId !== undefined) return { kind: 'user', userId }
    if (clientId !== undefined) return { kind: 'client', clientId }
  }
  if (sessionId === undefined && userId !== undefined && clientId !== undefined && audience !== undefined) {
    return { kind: 'grant', userId, clientId, audience }
  }
  if (userId !== undefined && sessionId !== undefined && clientId === undefined && audience === undefined) return { kind: 'session', userId, sessionId }
  throw new Error('no one mark ends such a selection of refresh tokens')
}

/** The scope's name in `refresh_token_marks` and of its stream. The database's function `refresh_token_mark_keys` makes the same ones. */
export function markKey(scope: MarkScope): string {
  switch (scope.kind) {
    case 'user':
      return `user:${part(scope.userId)}`
    case 'client':
      return `client:${part(scope.clientId)}`
    case 'user-client':
      return `user-client:${part(scope.userId)}${part(scope.clientId)}`
    case 'grant':
      return `grant:${part(scope.userId)}${part(scope.clientId)}${part(scope.audience)}`
    case 'session':
      return `session:${part(scope.userId)}${part(scope.sessionId)}`
    case 'organization':
      return `organization:${part(scope.organizationId)}`
  }
}

/** Every scope's key that a refresh token is in. */
export function markKeys({ userId, clientId, audience, sessionId, organizationId }: TokenParties): string[] {
  const [user, client] = [part(userId), part(clientId)]
  const keys = [`user:${user}`, `client:${client}`, `user-client:${user}${client}`, `grant:${user}${client}${part(audience)}`]
  if (sessionId !== null) keys.push(`session:${user}${part(sessionId)}`)
  if (organizationId !== undefined) keys.push(`organization:${part(organizationId)}`)
  return keys
}

interface TokenParties {
  readonly userId: string
  readonly clientId: string
  readonly audience: string | null
  readonly sessionId: string | null
  readonly organizationId?: string
}

/** With its length before it, so that no two scopes share a key whatever their ids hold; hashed where it is long, since an index takes no text of any length. */
function part(id: string | null): string {
  if (id === null) return '-'
  const bytes = Buffer.byteLength(id)
  return bytes > MAX_BYTES ? `#${createHash('sha256').update(id).digest('hex')}` : `${bytes}:${id}`
}
