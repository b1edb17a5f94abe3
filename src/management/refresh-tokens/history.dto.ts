import type { Origin } from '../../event-store/event.js'
import type { HistoryEvent, RefreshTokenHistory } from '../../tokens/index.js'

/** An event's sealed values, opened; undefined where nobody can open them any more. */
interface OpenedEvent {
  readonly origin: Origin | undefined
  readonly metadata: Readonly<Record<string, string>> | undefined
}

/** What the log knows of an event beside the event itself. */
export interface LoggedEvent {
  readonly logId: string | undefined
  /** Of the access token that was given when the refresh token was issued. */
  readonly accessTokenId?: string | undefined
}

/** What is true of the refresh token as a whole (docs/refresh-tokens.md). */
export const showSummary = (history: RefreshTokenHistory): object => ({
  id: history.familyId,
  user_id: history.userId ?? null,
  client_id: history.clientId ?? null,
  session_id: history.sessionId,
  rotating: history.rotating,
  status: history.status,
  created_at: history.startedAt ?? null,
  ended_at: history.endedAt,
  reason: history.reason,
  replaces: history.predecessorId,
  replaced_by: history.successorId,
})

/** One entry: what happened, when, who did it from where, and where it stands in the log. */
export function showEvent(event: HistoryEvent, rotating: boolean, opened: OpenedEvent, { logId, accessTokenId }: LoggedEvent): object {
  const { at, actor, clientId, userId, sessionId, connection, hostname, correlationId, causationId } = event.metadata
  return {
    type: TYPES[event.type],
    date: at,
    position: event.position ?? null,
    log_id: logId ?? null,
    actor: actor ?? null,
    client_id: clientId ?? null,
    user_id: userId ?? null,
    session_id: sessionId ?? null,
    connection: connection ?? null,
    hostname: hostname ?? null,
    correlation_id: correlationId ?? null,
    ip: opened.origin?.ip ?? null,
    user_agent: opened.origin?.userAgent ?? null,
    details: {
      ...details(event, rotating, opened, accessTokenId),
      ...(event.metadata.actions?.id !== undefined && {
        actions: { execution_id: event.metadata.actions.id, versions: event.metadata.actions.actions },
      }),
      ...(event.type === 'FamilyRevoked' && causationId !== undefined && { revocation_id: causationId }),
    },
  }
}

const TYPES: Record<HistoryEvent['type'], string> = {
  FamilyStarted: 'issued',
  RefreshTokenRotated: 'rotated',
  RefreshTokenExchanged: 'exchanged',
  RefreshTokenMetadataSet: 'metadata_changed',
  FamilyRevoked: 'revoked',
  FamilyBarred: 'barred',
  RefreshTokensRevoked: 'revoked',
}

/** What changed, and which access token was given. */
function details(event: HistoryEvent, rotating: boolean, { metadata }: OpenedEvent, accessTokenId: string | undefined): object {
  switch (event.type) {
    case 'FamilyStarted': {
      const { audience, scope, expiresAt, idleExpiresAt, dpopThumbprint, predecessor } = event.data
      return {
        generation: 1,
        audience,
        scope: scope.join(' '),
        expires_at: expiresAt,
        idle_expires_at: idleExpiresAt,
        bound_to_key: dpopThumbprint,
        replaces: predecessor?.familyId ?? null,
        metadata: metadata ?? {},
        access_token: accessTokenId === undefined ? null : { jti: accessTokenId, audience, scope: scope.join(' ') },
      }
    }
    case 'RefreshTokenRotated':
    case 'RefreshTokenExchanged': {
      const { generation, accessTokenId: jti, audience, scope, expiresAt, idleExpiresAt, dpopThumbprint } = event.data
      return {
        generation,
        // A token that rotates is exchanged without a rotation only when its predecessor comes back within the leeway.
        repeated: event.type === 'RefreshTokenExchanged' && rotating && !isSwitch(event),
        expires_at: expiresAt,
        idle_expires_at: idleExpiresAt,
        ...(dpopThumbprint !== undefined && { bound_to_key: dpopThumbprint }),
        ...(event.data.metadata !== undefined && { metadata: metadata ?? {} }),
        access_token: jti === null ? null : { jti, audience, scope: scope.join(' ') },
      }
    }
    case 'RefreshTokenMetadataSet':
      return { metadata: metadata ?? {} }
    case 'FamilyRevoked': {
      const { reason, latestGeneration, presentedGeneration, successorId } = event.data
      return {
        reason,
        latest_generation: latestGeneration,
        ...(presentedGeneration !== undefined && { presented_generation: presentedGeneration }),
        ...(successorId !== undefined && { replaced_by: successorId }),
      }
    }
    case 'FamilyBarred':
      return { reason: 'code-replayed' }
    case 'RefreshTokensRevoked': {
      const { reason, before, scope } = event.data
      return { reason, before, all_of: scopeOf(scope) }
    }
  }
}

/** The exchange that a token began with which took the place of another. */
const isSwitch = ({ version, data }: Extract<HistoryEvent, { type: 'RefreshTokenExchanged' }>): boolean => version === 2 && data.generation === 1

/** Whose refresh tokens ended with it. */
function scopeOf(scope: Extract<HistoryEvent, { type: 'RefreshTokensRevoked' }>['data']['scope']): object {
  return {
    ...('userId' in scope && { user_id: scope.userId }),
    ...('clientId' in scope && { client_id: scope.clientId }),
    ...('audience' in scope && { audience: scope.audience }),
    ...('sessionId' in scope && { session_id: scope.sessionId }),
    ...('organizationId' in scope && { organization_id: scope.organizationId }),
  }
}
