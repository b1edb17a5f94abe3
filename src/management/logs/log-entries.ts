import type { LogoutTokenSent, ManagementRequest } from '../../audit/audit.events.js'
import type { SealedEvent } from '../../event-store/event.js'
import { access, executionsOf, idIn, type LogEntry, type Of, type SourceEvent } from './log-entry.js'
import { capped, exchanged, exchangeFailed, manyRevoked, revoked } from './token-entries.js'

type Table = { readonly [T in SourceEvent['type']]?: (event: Of<T>) => readonly LogEntry[] }

/** The one place that knows which event gives which code (spec/logs.md §6.2). An event that is not here gives none. */
const ENTRIES = {
  SessionStarted: ({ streamId, data }) => (data.awaitsActions ? [] : [loggedIn(idIn(streamId))]),
  SessionReauthenticated: ({ streamId, data }) => (data.awaitsActions ? [] : [loggedIn(idIn(streamId))]),
  SessionTouched: ({ streamId, data }) => (data.silent && !data.awaitsActions ? [{ type: 'ssa', details: { session_id: idIn(streamId) } }] : []),
  // Where Actions decided, the login is told when they had done so.
  AuthorizationCodeIssued: ({ data: { actions, silent, sessionId } }) => {
    if (!actions) return []
    const details = { ...loggedIn(sessionId).details, actions: executionsOf(actions.execution) }
    return [{ type: silent ? 'ssa' : 's', details }]
  },
  SessionEnded: ({ streamId, data: { reason, returnTo }, metadata }) => {
    if (reason === 'logout') return [{ type: 'slo', details: { session_id: idIn(streamId), initiated_by: 'user', return_to: returnTo } }]
    return reason === 'action' ? [{ type: 'session_revoked', details: { session_id: idIn(streamId), actions: executionsOf(metadata.actions) } }] : []
  },

  AuthorizationCodeRedeemed: ({ data, metadata }) => [
    {
      type: 'seacft',
      details: {
        // The code itself is nowhere to be masked from; its stars are what readers expect to see.
        access_token_jti: data.accessTokenId ?? undefined,
        code: '*'.repeat(45),
        refresh_token: data.scope.includes('offline_access') ? { access: 'offline', session_id: metadata.sessionId } : undefined,
        familyId: data.scope.includes('offline_access') ? data.familyId : undefined,
        session_id: metadata.sessionId,
        requested_client_id: metadata.clientId,
      },
      ...access(data),
    },
  ],

  FamilyStarted: capped,
  RefreshTokenRotated: (event) => [exchanged(event), ...capped(event)],
  RefreshTokenExchanged: (event) => [exchanged(event), ...capped(event)],
  FamilyRevoked: (event) => revoked(event),
  RefreshTokensRevoked: (event) => [manyRevoked(event)],

  ExchangeFailed: exchangeFailed,
  ClientTokenIssued: ({ data, metadata: { clientId, actions } }) => [
    { type: 'seccft', scope: data.scope, details: { access_token_jti: data.tokenId, actions: executionsOf(actions), requested_client_id: clientId } },
  ],

  AuthorizeFailed: (event) => [authorizeFailed(event)],
  LoginFailed: ({ data }) => {
    const error = { message: data.description, reason: data.reason }
    return [{ type: LOGIN_FAILURES[data.reason], description: data.description, ...(data.userName && { userName: data.userName }), details: { error } }]
  },
  AccountLocked: () => [{ type: 'limit_wc', description: 'Too many wrong passwords for one account from one address.' }],
  AccountUnlocked: ({ data: { userId } }) => [
    { type: 'ublkdu', description: 'The block for too many wrong passwords was released.', ...(userId !== undefined && { userId }) },
  ],
  UserSignedUp: ({ streamId }) => [{ type: 'ss', userId: idIn(streamId) }],
  SignupFailed: ({ data }) => [{ type: 'fs', description: data.description, details: { error: { message: data.description } } }],
  Warned: ({ data }) => [{ type: 'w', description: data.description }],
  OnlineTokenExchanged: ({ data, metadata }) => [
    {
      type: 'sertft',
      ...access(data),
      details: {
        access_token_jti: data.accessTokenId ?? undefined,
        actions: executionsOf(metadata.actions),
        refresh_token: { access: 'online', session_id: metadata.sessionId },
        requested_client_id: metadata.clientId,
      },
    },
  ],
  LogoutTokenDelivered: ({ data, metadata }) => [{ type: 'oidc_backchannel_logout_succeeded', details: logoutToken(data, metadata.sessionId) }],
  LogoutTokenFailed: ({ data, metadata }) => [
    { type: 'oidc_backchannel_logout_failed', description: data.error ?? '', details: logoutToken(data, metadata.sessionId) },
  ],
  LogoutRefused: ({ data }) => [{ type: 'flo', description: data.description, details: { error: { message: data.description } } }],

  // By an operator it stands in the log already.
  OrganizationMemberAdded: ({ streamId, data: { reason } }) =>
    reason === 'api' ? [] : [{ type: 'organization_member_added', userId: idIn(streamId), details: { reason } }],
  OrganizationInvitationAccepted: ({ streamId, data: { invitationId, organizationId } }) => [
    { type: 'si', userId: idIn(streamId), details: { invitation: { id: invitationId, organization_id: organizationId } } },
  ],
  InvitationRefused: ({ data: { invitationId, organizationId, description } }) => [
    { type: 'fi', description, details: { invitation: { id: invitationId, organization_id: organizationId }, error: { message: description } } },
  ],
  UserDeleted: ({ streamId }) => [{ type: 'sdu', userId: idIn(streamId) }],

  ManagementRequestSucceeded: ({ data, metadata }) => [managed('sapi', data, metadata.userId)],
  ManagementRequestFailed: ({ data, metadata }) => [managed('fapi', data, metadata.userId)],
  SecretRead: ({ data, metadata }) => {
    const entry = managed('mgmt_api_read', data, metadata.userId)
    return [{ ...entry, details: { ...entry.details, accessedSecrets: data.accessedSecrets } }]
  },
  ActionExecutionFailed: ({ data: { errorClass, error, triggerId, executionId, actionId, actionName, versionId, bindingId } }) => [
    {
      type: 'actions_execution_failed',
      details: {
        trigger_id: triggerId,
        execution_id: executionId,
        action_id: actionId,
        action_name: actionName,
        version_id: versionId,
        binding_id: bindingId,
        error_class: errorClass,
        action_error: { name: error.name, code: error.code ?? '', texts: error.texts },
      },
    },
  ],
  RateLimited: ({ data }) => [
    { type: 'api_limit', description: 'Global limit has been reached', details: { limit: { bucket: data.bucket, global: true, size: null } } },
  ],
} satisfies Table

export const LOGGED_TYPES = Object.keys(ENTRIES) as readonly (keyof typeof ENTRIES)[]

/** The entries that an event makes, in their order. */
export function logEntries(event: SealedEvent<SourceEvent>): readonly LogEntry[] {
  const make = (ENTRIES as Partial<Record<string, (event: SealedEvent<SourceEvent>) => readonly LogEntry[]>>)[event.type]
  return make?.(event) ?? []
}

const loggedIn = (sessionId: string): LogEntry => ({ type: 's', details: { session_id: sessionId, completed: true } })

/** An Action's own words are sealed: whoever reads the log opens them. */
function authorizeFailed({ data: { error: oauthError, description, texts, silent }, metadata }: Of<'AuthorizeFailed'>): LogEntry {
  const told = texts === undefined ? { message: description } : { texts }
  const error = silent ? { ...told, oauthError } : { ...told, oauthError, type: texts === undefined ? 'request-error' : 'oauth-authorization' }
  return {
    type: silent ? 'fsa' : 'f',
    ...(description !== undefined && { description }),
    details: { error, ...(metadata.actions && { session_id: metadata.sessionId, actions: executionsOf(metadata.actions) }) },
  }
}

const LOGIN_FAILURES = { 'wrong-password': 'fp', 'unknown-user': 'fu', blocked: 'f', denied: 'f' } as const

const logoutToken = ({ initiator, uri, statusCode, error }: LogoutTokenSent, sessionId: string | undefined): Readonly<Record<string, unknown>> => ({
  initiator,
  session_id: sessionId,
  request: { backchannel_logout_uri: uri, method: 'POST' },
  response: { statusCode },
  ...(error !== undefined && { errors: [error] }),
})

function managed(type: 'sapi' | 'fapi' | 'mgmt_api_read', request: ManagementRequest, userId: string | undefined): LogEntry {
  const { method, path, operation, status, body, responseBody, query, tokenId, scopes, message } = request
  const auth = { strategy: 'jwt', user: { user_id: userId }, credentials: { jti: tokenId, scopes } }
  return {
    type,
    description: type === 'fapi' ? (message ?? operation) : operation,
    details: {
      request: { method: method.toLowerCase(), path, query: query ?? {}, body: body ?? {}, channel: 'api', auth },
      response: { statusCode: status, body: responseBody ?? {} },
      ...(type === 'sapi' && { accessedSecrets: [] }),
      ...(type === 'fapi' && { operation }),
    },
  }
}
