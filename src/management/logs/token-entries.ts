import { idIn } from '../../event-store/event.js'
import { onlineTokenId } from '../../sessions/index.js'
import type { RevocationReason } from '../../tokens/index.js'
import { access, executionsOf, type LogEntry, type Of } from './log-entry.js'

/** What a refresh token brings by itself, without a policy of its client. */
const OWN_GRANT = 'refresh_token_user_grant'

export function exchanged({ type, streamId, data, metadata }: Of<'RefreshTokenRotated' | 'RefreshTokenExchanged' | 'OnlineTokenExchanged'>): LogEntry {
  const online = type === 'OnlineTokenExchanged'
  return {
    type: 'sertft',
    ...access(data),
    details: {
      access_token_jti: data.accessTokenId ?? undefined,
      actions: executionsOf(metadata.actions),
      ...(!online && { familyId: idIn(streamId), tokenCounter: data.generation }),
      policy_used: data.policyUsed ?? OWN_GRANT,
      requested_audience: data.requestedAudience,
      requested_scope: data.requestedScope,
      refresh_token: { access: online ? 'online' : 'offline', session_id: metadata.sessionId },
      requested_client_id: metadata.clientId,
    },
  }
}

export const passwordGranted = ({ data: { scope, tokenId, familyId }, metadata: { clientId, actions } }: Of<'PasswordGrantSucceeded'>): LogEntry => ({
  type: 'sepft',
  scope,
  details: {
    access_token_jti: tokenId,
    actions: executionsOf(actions),
    familyId,
    refresh_token: familyId === undefined ? undefined : { access: 'offline' },
    requested_client_id: clientId,
  },
})

/** spec/actions.md §4.5: an Action wanted a later end than there may be. */
export function capped({ streamId, data }: Of<'FamilyStarted' | 'RefreshTokenRotated' | 'RefreshTokenExchanged'>): LogEntry[] {
  return (data.capped ?? []).map(({ end, wanted, given }) => ({
    type: 'w',
    description: `An Action asked for ${wanted} as the ${end} end of refresh token ${idIn(streamId)}; it is ${given}.`,
  }))
}

/** However many refresh tokens they were, one entry says that they ended. */
const MARKED = {
  user: 'Revoked all refresh tokens of the user',
  client: 'Revoked all refresh tokens of the client',
  'user-client': 'Revoked all refresh tokens of the user at the client',
  grant: 'Revoked all refresh tokens of the grant',
  session: 'Revoked all refresh tokens of the session',
  organization: 'Revoked all refresh tokens of the organization',
} as const

export function manyRevoked({ data: { scope, reason } }: Of<'RefreshTokensRevoked'>): LogEntry {
  return {
    type: 'srrt',
    description: MARKED[scope.kind],
    ...('userId' in scope && { userId: scope.userId }),
    ...('clientId' in scope && { clientId: scope.clientId }),
    ...('audience' in scope && scope.audience !== null && { audience: scope.audience }),
    details: {
      reason,
      session_id: 'sessionId' in scope ? scope.sessionId : undefined,
      requested_client_id: 'clientId' in scope ? scope.clientId : undefined,
      refresh_token: { access: 'offline', session_id: 'sessionId' in scope ? scope.sessionId : undefined },
    },
  }
}

/** Reasons whose own row in the log says it already, or that come by the hundred. */
const SILENT: readonly RevocationReason[] = ['api-bulk', 'user-deleted', 'client-deleted', 'grant-deleted', 'session-ended']

export function revoked({ streamId, data, metadata }: Of<'FamilyRevoked'>): LogEntry[] {
  const familyId = idIn(streamId)
  if (SILENT.includes(data.reason)) return []
  if (data.reason === 'reuse') {
    return [
      {
        type: 'ferrt',
        description: 'Reused rotating refresh token detected, revoked the family',
        details: {
          familyId,
          tokenCounter: data.presentedGeneration,
          latestCounter: data.latestGeneration,
          session_id: metadata.sessionId,
          requested_client_id: metadata.clientId,
        },
      },
    ]
  }
  if (data.reason === 'limit') {
    const { activeBefore: start } = data
    const counts = start === undefined ? {} : { start, endCount: start - 1 }
    return [{ type: 'resource_cleanup', details: { resource: 'refresh_tokens', ...counts, removedCount: 1, credential_id: familyId } }]
  }
  return [
    {
      type: 'srrt',
      ...(data.clientId !== undefined && { clientId: data.clientId }),
      details: {
        credential_id: familyId,
        audience: metadata.audience,
        organization_id: metadata.organizationId,
        session_id: metadata.sessionId,
        refresh_token: { access: 'offline', session_id: metadata.sessionId },
        actions: metadata.actions && executionsOf(metadata.actions),
      },
    },
  ]
}

/** Forty-two stars and the last three characters, as Auth0 masks codes (spec/logs.md §1.3); stars alone where nobody noted them. */
export const maskedCode = (end = ''): string => end.padStart(45, '*')

/** spec/refresh-tokens.md §8: one that is revoked takes its session with it. */
export function onlineRevoked(sessionId: string, number: number, { audience, organizationId, actions }: Of<'SessionEnded'>['metadata']): LogEntry {
  return {
    type: 'srrt',
    details: {
      credential_id: onlineTokenId(sessionId, number),
      audience,
      organization_id: organizationId,
      session_id: sessionId,
      refresh_token: { access: 'online', session_id: sessionId },
      actions: actions && executionsOf(actions),
    },
  }
}

/** A detected reuse is told by its `ferrt` alone. */
export function exchangeFailed({ data, metadata }: Of<'ExchangeFailed'>): LogEntry[] {
  const { grant, error: oauthError, description, texts, reason, familyId, online, codeEnd, scope, policyUsed } = data
  if (grant === 'refresh_token' && reason === 'reuse') return []
  const entry = { ...(description !== undefined && { description }), ...(scope !== undefined && { scope }) }
  const told = texts === undefined ? {} : { texts }
  const { clientId, sessionId } = metadata
  const requested = { requested_client_id: clientId, ...(metadata.actions && { actions: executionsOf(metadata.actions), session_id: sessionId }) }
  switch (grant) {
    case 'authorization_code':
      return [{ type: 'feacft', ...entry, details: { ...requested, code: maskedCode(codeEnd), error: { message: description, oauthError, reason } } }]
    case 'refresh_token': {
      // Of a text that is no token of ours nobody can say what kind it is.
      const kind = online ? 'online' : 'offline'
      const token = (online ?? familyId !== undefined) ? { refresh_token: { access: kind, session_id: sessionId } } : {}
      const policy = familyId === undefined && !online ? {} : { policy_used: policyUsed ?? OWN_GRANT }
      const details = { ...requested, ...token, ...policy, session_id: sessionId, familyId, failure_reason: failureReason(reason, online) }
      return [
        { type: 'fertft', ...entry, details: { ...details, error: { ...told, oauthError, reason } } },
        ...(oauthError === 'mfa_required' ? [{ type: 'mfar' as const, details: requested }] : []),
      ]
    }
    case 'client_credentials':
      return [{ type: 'feccft', ...entry, details: { ...requested, client_authentication_error: oauthError === 'invalid_client' ? description : undefined } }]
    case 'password':
    case 'http://auth0.com/oauth/grant-type/password-realm': {
      const failed: LogEntry = { type: 'fepft', ...entry, details: { ...requested, error: { message: description, ...told, oauthError, reason } } }
      return oauthError === 'mfa_required' ? [failed, { type: 'mfar', details: requested }] : [failed]
    }
    default:
      return [{ type: 'f', ...entry, details: { grant_type: grant, error: { message: description, oauthError, type: 'request-error' } } }]
  }
}

/** An online token is over when its session is. */
function failureReason(reason: string, online = false): 'session_not_found' | 'grant_revoked' | 'invalid_token' {
  if (reason === 'revoked') return 'grant_revoked'
  return online && reason === 'over' ? 'session_not_found' : 'invalid_token'
}
