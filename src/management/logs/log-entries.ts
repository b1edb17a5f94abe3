import type { AuditEvent, LogoutTokenSent, ManagementRequest } from '../../audit/audit.events.js'
import type { AuthorizationCodeEvent } from '../../authorization/index.js'
import type { ExecutionFacts, PersonalData, SealedEvent } from '../../event-store/event.js'
import type { SessionEvent } from '../../sessions/index.js'
import type { FamilyEvent, RefreshTokenMarkEvent, RevocationReason } from '../../tokens/index.js'
import type { UserEvent } from '../../users/index.js'
import type { LogCode } from './log-codes.js'

export type SourceEvent = AuditEvent | AuthorizationCodeEvent | FamilyEvent | RefreshTokenMarkEvent | SessionEvent | UserEvent

/** What the log says of an event, beside what its metadata tells. */
export interface LogEntry {
  readonly type: LogCode
  readonly description?: string
  readonly scope?: string
  readonly audience?: string
  /** Whom it is about, where the request does not say so itself. */
  readonly userId?: string
  /** As typed, where there is no user to name. */
  readonly userName?: PersonalData
  /** Member names are Auth0's. What is undefined is left out. */
  readonly details?: Readonly<Record<string, unknown>>
}

type Of<T extends SourceEvent['type']> = SealedEvent<Extract<SourceEvent, { type: T }>>
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
  RefreshTokensRevoked: ({ streamId, data: { scope, reason } }) => [
    {
      type: 'srrt',
      description: MARKED[scope.kind],
      ...('userId' in scope && { userId: scope.userId }),
      ...('audience' in scope && scope.audience !== null && { audience: scope.audience }),
      details: {
        credential_id: idIn(streamId),
        reason,
        session_id: 'sessionId' in scope ? scope.sessionId : undefined,
        requested_client_id: 'clientId' in scope ? scope.clientId : undefined,
        refresh_token: { access: 'offline', session_id: 'sessionId' in scope ? scope.sessionId : undefined },
      },
    },
  ],

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

/** `details.actions` (spec/actions.md §4.7). */
const executionsOf = (execution: ExecutionFacts | undefined): { readonly executions: readonly string[] } => ({
  executions: execution?.id === undefined ? [] : [execution.id],
})

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

/** However many refresh tokens they were, one entry says that they ended. */
const MARKED = {
  user: 'Revoked all refresh tokens of the user',
  client: 'Revoked all refresh tokens of the client',
  'user-client': 'Revoked all refresh tokens of the user at the client',
  grant: 'Revoked all refresh tokens of the grant',
  session: 'Revoked all refresh tokens of the session',
  organization: 'Revoked all refresh tokens of the organization',
} as const

/** Stream names are a type and an id. */
const idIn = (streamId: string): string => streamId.slice(streamId.indexOf('-') + 1)

/** What a token was given for. */
const access = ({ audience, scope }: { readonly audience: string | null; readonly scope: readonly string[] }): Pick<LogEntry, 'audience' | 'scope'> => ({
  ...(audience !== null && { audience }),
  scope: scope.join(' '),
})

function exchanged({ streamId, data, metadata }: Of<'RefreshTokenRotated' | 'RefreshTokenExchanged'>): LogEntry {
  return {
    type: 'sertft',
    ...access(data),
    details: {
      access_token_jti: data.accessTokenId ?? undefined,
      actions: executionsOf(metadata.actions),
      familyId: idIn(streamId),
      tokenCounter: data.generation,
      policy_used: data.policyUsed ?? 'refresh_token_user_grant',
      requested_audience: data.requestedAudience,
      requested_scope: data.requestedScope,
      refresh_token: { access: 'offline', session_id: metadata.sessionId },
      requested_client_id: metadata.clientId,
    },
  }
}

/** spec/actions.md §4.5: an Action wanted a later end than there may be. */
function capped({ streamId, data }: Of<'FamilyStarted' | 'RefreshTokenRotated' | 'RefreshTokenExchanged'>): LogEntry[] {
  return (data.capped ?? []).map(({ end, wanted, given }) => ({
    type: 'w',
    description: `An Action asked for ${wanted} as the ${end} end of refresh token ${idIn(streamId)}; it is ${given}.`,
  }))
}

const logoutToken = ({ initiator, uri, statusCode, error }: LogoutTokenSent, sessionId: string | undefined): Readonly<Record<string, unknown>> => ({
  initiator,
  session_id: sessionId,
  request: { backchannel_logout_uri: uri, method: 'POST' },
  response: { statusCode },
  ...(error !== undefined && { errors: [error] }),
})

/** Reasons whose own row in the log says it already, or that come by the hundred. */
const SILENT: readonly RevocationReason[] = ['api-bulk', 'user-deleted', 'client-deleted', 'grant-deleted', 'session-ended']

function revoked({ streamId, data, metadata }: Of<'FamilyRevoked'>): LogEntry[] {
  const familyId = idIn(streamId)
  if (SILENT.includes(data.reason)) return []
  if (data.reason === 'reuse') {
    return [
      {
        type: 'ferrt',
        description: 'Reused rotating refresh token detected, revoked the family',
        details: { familyId, tokenCounter: data.presentedGeneration, latestCounter: data.latestGeneration, requested_client_id: metadata.clientId },
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
      details: {
        credential_id: familyId,
        session_id: metadata.sessionId,
        refresh_token: { access: 'offline', session_id: metadata.sessionId },
        actions: metadata.actions && executionsOf(metadata.actions),
      },
    },
  ]
}

/** A detected reuse is told by its `ferrt` alone. */
function exchangeFailed({ data, metadata }: Of<'ExchangeFailed'>): LogEntry[] {
  const { grant, error: oauthError, description, texts, reason, familyId, scope } = data
  if (grant === 'refresh_token' && reason === 'reuse') return []
  const entry = { ...(description !== undefined && { description }), ...(scope !== undefined && { scope }) }
  const told = texts === undefined ? {} : { texts }
  const { clientId, sessionId } = metadata
  const requested = { requested_client_id: clientId, ...(metadata.actions && { actions: executionsOf(metadata.actions), session_id: sessionId }) }
  switch (grant) {
    case 'authorization_code':
      return [{ type: 'feacft', ...entry, details: { ...requested, error: { message: description, oauthError, reason } } }]
    case 'refresh_token':
      return [
        { type: 'fertft', ...entry, details: { ...requested, familyId, failure_reason: failureReason(reason), error: { ...told, oauthError, reason } } },
        ...(oauthError === 'mfa_required' ? [{ type: 'mfar' as const, details: requested }] : []),
      ]
    case 'client_credentials':
      return [{ type: 'feccft', ...entry, details: { ...requested, client_authentication_error: oauthError === 'invalid_client' ? description : undefined } }]
    default:
      return [{ type: 'f', ...entry, details: { grant_type: grant, error: { message: description, oauthError, type: 'request-error' } } }]
  }
}

function failureReason(reason: string): 'session_not_found' | 'grant_revoked' | 'invalid_token' {
  if (reason === 'revoked') return 'grant_revoked'
  return reason.startsWith('session') ? 'session_not_found' : 'invalid_token'
}

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
