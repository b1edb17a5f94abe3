import type { LogoutTokenSent, ManagementRequest, RateLimitFact } from '../../audit/audit.events.js'
import { idIn, type PersonalData, type SealedEvent } from '../../event-store/event.js'
import type { CookieMode } from '../../sessions/index.js'
import { access, executionsOf, type LogEntry, type Of, type SourceEvent } from './log-entry.js'
import { authorizeFailed, loginFailed, signUp } from './login-entries.js'
import { capped, exchanged, exchangeFailed, manyRevoked, maskedCode, onlineRevoked, passwordGranted, revoked } from './token-entries.js'

type Table = { readonly [T in SourceEvent['type']]?: (event: Of<T>) => readonly LogEntry[] }

/** The one place that knows which event gives which code (spec/logs.md §6.2). An event that is not here gives none. */
const ENTRIES = {
  SessionStarted: ({ streamId, data, metadata: { at } }) =>
    data.awaitsActions ? [] : [loggedIn(idIn(streamId), data.persistent ? 'persistent' : 'non-persistent', at, data.loginsCount, data)],
  SessionReauthenticated: ({ streamId, data, metadata: { at } }) =>
    data.awaitsActions ? [] : [loggedIn(idIn(streamId), data.cookie, at, data.loginsCount, data)],
  SessionTouched: ({ streamId, data }) => (data.silent && !data.awaitsActions ? [{ type: 'ssa', details: ofSession(idIn(streamId), data.cookie) }] : []),
  // Where Actions decided, the login is told when they had done so.
  AuthorizationCodeIssued: ({ data: { actions, silent, sessionId, cookie }, metadata: { at } }) => {
    if (!actions) return []
    const { details } = silent ? { details: ofSession(sessionId, cookie) } : loggedIn(sessionId, cookie, at, actions.loginsCount)
    return [{ type: silent ? 'ssa' : 's', details: { ...details, actions: executionsOf(actions.execution) } }]
  },
  SessionEnded: ({ streamId, data: { reason, returnTo, revokedOnline, metadata: stored, logsMetadata }, metadata }) => {
    const sessionId = idIn(streamId)
    if (reason === 'logout') {
      const told = sessionMetadata(logsMetadata ? stored : undefined)
      return [{ type: 'slo', details: { session_id: sessionId, initiated_by: 'user', return_to: returnTo, ...told } }]
    }
    return [
      ...(revokedOnline === undefined ? [] : [onlineRevoked(sessionId, revokedOnline, metadata)]),
      ...(reason === 'action' ? [{ type: 'session_revoked' as const, details: { session_id: sessionId, actions: executionsOf(metadata.actions) } }] : []),
    ]
  },

  AuthorizationCodeRedeemed: ({ data, metadata }) => [
    {
      type: 'seacft',
      details: {
        access_token_jti: data.accessTokenId ?? undefined,
        code: maskedCode(data.codeEnd),
        refresh_token: issuedWith(data, metadata.sessionId),
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
  PasswordGrantSucceeded: (event) => [passwordGranted(event)],

  AuthorizeFailed: (event) => [authorizeFailed(event)],
  LoginFailed: loginFailed,
  AccountLocked: () => [{ type: 'limit_wc', description: 'Too many wrong passwords for one account from one address.' }],
  AccountUnlocked: ({ data: { userId, userName } }) => [
    {
      type: 'ublkdu',
      description: 'The block for too many wrong passwords was released.',
      ...(userId !== undefined && { userId }),
      ...(userName && { userName }),
      details: { email: '' },
    },
  ],
  UserSignedUp: ({ streamId, metadata }) => [{ type: 'ss', userId: idIn(streamId), details: { body: signUp(metadata, idIn(streamId)) } }],
  SignupFailed: ({ data: { description, userName }, metadata }) => [
    { type: 'fs', description, ...(userName && { userName }), details: { error: { message: description }, body: signUp(metadata) } },
  ],
  Warned: ({ data: { description }, metadata: { sessionId } }) => [
    { type: 'w', description, ...(sessionId !== undefined && { details: { session_id: sessionId } }) },
  ],
  OnlineTokenExchanged: (event) => [exchanged(event)],
  LogoutTokenDelivered: ({ data, metadata }) => [{ type: 'oidc_backchannel_logout_succeeded', details: logoutToken(data, metadata.sessionId) }],
  LogoutTokenFailed: ({ data, metadata }) => [
    { type: 'oidc_backchannel_logout_failed', description: data.error ?? '', details: logoutToken(data, metadata.sessionId) },
  ],
  LogoutRefused: ({ data: { description, returnTo, allowed } }) => [
    { type: 'flo', description, details: { error: { message: description }, return_to: returnTo, allowed_logout_url: allowed } },
  ],

  // By an operator it stands in the log already.
  OrganizationMemberAdded: ({ streamId, data: { reason } }) =>
    reason === 'api' ? [] : [{ type: 'organization_member_added', userId: idIn(streamId), details: { reason } }],
  OrganizationInvitationAccepted: ({ streamId, data: { invitationId, organizationId } }) => [
    { type: 'si', userId: idIn(streamId), details: { invitation: { id: invitationId, organization_id: organizationId } } },
  ],
  InvitationRefused: ({ data: { invitationId, organizationId, description } }) => [
    { type: 'fi', description, details: { invitation: { id: invitationId, organization_id: organizationId }, error: { message: description } } },
  ],
  UserDeleted: ({ streamId, data: { connection } }) => [
    { type: 'sdu', userId: idIn(streamId), ...(connection !== undefined && { connection, details: { body: { connection } } }) },
  ],

  ManagementRequestSucceeded: ({ data, metadata }) => [managed('sapi', data, metadata.userId)],
  ManagementRequestFailed: ({ data, metadata }) => [managed('fapi', data, metadata.userId)],
  SecretRead: ({ data, metadata }) => [managed('mgmt_api_read', data, metadata.userId)],
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
  RateLimited: ({ data }) => [{ type: 'api_limit', description: 'Global limit has been reached', details: { ...limit(data), response: { statusCode: 429 } } }],
  RateLimitNear: ({ data }) => [{ type: 'api_limit_warning', description: 'Global limit is nearly reached', details: limit(data, data.usage) }],
} satisfies Table

export const LOGGED_TYPES = Object.keys(ENTRIES) as readonly (keyof typeof ENTRIES)[]

/** The entries that an event makes, in their order. */
export function logEntries(event: SealedEvent<SourceEvent>): readonly LogEntry[] {
  const make = (ENTRIES as Partial<Record<string, (event: SealedEvent<SourceEvent>) => readonly LogEntry[]>>)[event.type]
  return make?.(event) ?? []
}

interface Proof {
  readonly userId: string
  readonly connection: string
  /** As sessions name it: `pwd`. */
  readonly method: string
}

/**
 * `loginsCount`: events of earlier times do not say. `proof`: how somebody proved just now who they are; of a login that Actions let through nobody knows
 * whether they had to.
 */
const loggedIn = (sessionId: string, cookie: CookieMode | undefined, completedAt: string, loginsCount: number | undefined, proof?: Proof): LogEntry => ({
  type: 's',
  details: {
    ...ofSession(sessionId, cookie),
    ...(proof && { prompts: [prompt(proof, completedAt)] }),
    ...(loginsCount !== undefined && { stats: { loginsCount } }),
    completedAt,
  },
})

/** `identity`: the user's id without its provider. */
const prompt = ({ userId, connection, method }: Proof, completedAt: string): object => ({
  name: 'prompt-authenticate',
  completedAt,
  connection,
  user_id: userId,
  identity: userId.slice(userId.indexOf('|') + 1),
  performed_amr: [method],
})

/** Events of earlier times do not say how the browser kept the cookie. */
const ofSession = (sessionId: string, cookie: CookieMode | undefined): Readonly<Record<string, unknown>> => ({
  session_id: sessionId,
  ...(cookie && { session: { cookie: { mode: cookie } } }),
})

/** The kind of refresh token that the code was good for. */
function issuedWith({ scope, online }: Of<'AuthorizationCodeRedeemed'>['data'], sessionId: string | undefined): object | undefined {
  if (online) return { access: 'online', session_id: sessionId }
  return scope.includes('offline_access') ? { access: 'offline', session_id: sessionId } : undefined
}

const limit = ({ bucket, size, method, path }: RateLimitFact, usage?: number): Readonly<Record<string, unknown>> => ({
  limit: { bucket, global: true, size: size ?? null, ...(usage !== undefined && { usage }) },
  ...(method !== undefined && { request: { method: method.toLowerCase(), path } }),
})

/** Sealed: whoever reads the log opens it. */
const sessionMetadata = (stored: PersonalData | null | undefined): object => (stored === undefined ? {} : { session_metadata: stored ?? {} })

const logoutToken = (
  { initiator, uri, statusCode, error, sessionMetadata: stored }: LogoutTokenSent,
  sessionId: string | undefined,
): Readonly<Record<string, unknown>> => ({
  initiator,
  session_id: sessionId,
  request: { backchannel_logout_uri: uri, method: 'POST' },
  response: { statusCode },
  ...(error !== undefined && { errors: [error] }),
  ...sessionMetadata(stored),
})

function managed(type: 'sapi' | 'fapi' | 'mgmt_api_read', request: ManagementRequest, userId: string | undefined): LogEntry {
  const { method, path, operation, status, body, responseBody, query, tokenId, scopes, furtherScopes, accessedSecrets = [], message } = request
  const auth = { strategy: 'jwt', user: { user_id: userId }, credentials: { jti: tokenId, scopes, further_scopes: furtherScopes } }
  return {
    type,
    description: type === 'fapi' ? (message ?? operation) : operation,
    details: {
      request: { method: method.toLowerCase(), path, query: query ?? {}, body: body ?? {}, channel: 'api', auth },
      response: { statusCode: status, body: responseBody ?? {} },
      ...(type !== 'fapi' && { accessedSecrets }),
      ...(type === 'fapi' && { operation }),
    },
  }
}
