import type { AskedRequest } from '../../audit/audit.events.js'
import type { Metadata } from '../../event-store/event.js'
import { executionsOf, type LogEntry, type Of } from './log-entry.js'

/** An Action's own words are sealed: whoever reads the log opens them. */
export function authorizeFailed({ data: { error: oauthError, description, texts, silent, request }, metadata }: Of<'AuthorizeFailed'>): LogEntry {
  const told = { ...(texts === undefined ? { message: description } : { texts }), oauthError }
  const type = request?.callbacks ? 'callback-url-mismatch' : texts === undefined ? 'request-error' : 'oauth-authorization'
  const { error, ...asked } = withRequest({ ...told, ...(!silent && { type }) }, request)
  return {
    type: silent ? 'fsa' : 'f',
    ...(description !== undefined && { description }),
    details: { error, ...asked, ...(metadata.actions && { session_id: metadata.sessionId, actions: executionsOf(metadata.actions) }) },
  }
}

/** Of a password that a client passed on, the grant that failed is told beside it. */
export function loginFailed({ data: { reason, description, userName, request, grant }, metadata: { clientId } }: Of<'LoginFailed'>): LogEntry[] {
  const oauthError = LOGIN_ERRORS[reason]
  const error = { message: description, reason, ...(oauthError !== undefined && { oauthError }) }
  const entry = { description, ...(userName && { userName }) }
  const failed: LogEntry = { type: LOGIN_FAILURES[reason], ...entry, details: withRequest(error, request) }
  if (grant === undefined) return [failed]
  return [failed, { type: 'fepft', ...entry, details: { requested_client_id: clientId, error: { ...error, oauthError: 'invalid_grant' } } }]
}

/** What the client is told; of a wrong password it hears nothing. */
const LOGIN_ERRORS: Readonly<Record<string, string | undefined>> = { blocked: 'unauthorized', denied: 'access_denied' }
const LOGIN_FAILURES = { 'wrong-password': 'fp', 'unknown-user': 'fu', blocked: 'f', denied: 'f' } as const

/** What was asked, beside what was wrong with it. Facts of earlier times do not say. */
function withRequest(error: { readonly oauthError?: string }, request: AskedRequest | undefined): { readonly error: object; readonly qs?: object } {
  if (!request) return { error }
  const { parameters, path, callbacks } = request
  const mismatch = callbacks && { name: 'CallbackMismatchError', code: error.oauthError, attempt: parameters['redirect_uri'], authorized: callbacks }
  const payload = { ...mismatch, client: { clientID: parameters['client_id'] } }
  return { error: { ...error, ...(path !== undefined && { uri: path }), payload }, qs: parameters }
}

/** The form as it was sent. The address is sealed elsewhere: whoever reads the log fills it in. */
export const signUp = ({ connection, clientId }: Metadata, userId?: string): Readonly<Record<string, unknown>> => ({
  email: '',
  password: '*****',
  connection,
  client_id: clientId,
  user_id: userId,
})
