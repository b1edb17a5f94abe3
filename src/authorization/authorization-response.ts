import type { Parameters } from '../http/body.js'
import { OAuthError, type OAuthErrorCode } from '../http/oauth-error.js'

export type ResponseMode = 'query' | 'fragment' | 'form_post' | 'web_message'

/** Where and how a client wants its answer. */
export interface AnswerTarget {
  readonly clientId: string
  readonly redirectUri: string
  readonly responseMode: ResponseMode
  readonly state: string | undefined
  /** The issuer, where the tenant wants it in every answer (RFC 9207). */
  readonly iss: string | undefined
  /** The client is told of no error: the person is. */
  readonly errorsOnPage: boolean
  /** What is answered, for the log. */
  readonly asked: Parameters
  /** In whose name, where that is known. */
  readonly organizationId?: string
}

/** Codes that a client is told at its redirect URI (spec/oauth.md §4.5). */
export type AuthorizationErrorCode =
  | 'invalid_request'
  | 'unauthorized_client'
  | 'access_denied'
  | 'unauthorized'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'server_error'
  | 'temporarily_unavailable'
  | 'login_required'
  | 'consent_required'
  | 'interaction_required'
  | 'request_not_supported'
  | 'request_uri_not_supported'

/** Thrown when the client is to be told. What must not leave this service, because it is not known where to, is a RequestRefused. */
export class AuthorizationRefused extends Error {
  override name = 'AuthorizationRefused'

  constructor(
    readonly target: AnswerTarget,
    readonly code: AuthorizationErrorCode,
    readonly description: string,
    /** The request allowed no page: `prompt=none`. */
    readonly silent = false,
  ) {
    super(description)
  }

  get parameters(): Parameters {
    return { error: this.code, error_description: this.description }
  }
}

/** Thrown when it is not known where an answer may go: shown on a page, and recorded. */
export class RequestRefused extends OAuthError {
  constructor(
    code: OAuthErrorCode,
    description: string,
    readonly asked: Parameters,
    /** Where the redirect URI is none of the client's: those that are. */
    readonly callbacks?: readonly string[],
  ) {
    super(code, description)
  }
}

/** The answer's parameters with what belongs to every one. */
export const answerParameters = ({ state, iss }: AnswerTarget, parameters: Parameters): Parameters => ({
  ...parameters,
  ...(state !== undefined && { state }),
  ...(iss !== undefined && { iss }),
})

/** The address of an answer by redirect. What the redirect URI's own query says stays as it is. */
export function answerLocation(target: AnswerTarget, parameters: Parameters): string {
  const text = new URLSearchParams(answerParameters(target, parameters)).toString()
  const { redirectUri, responseMode } = target
  if (responseMode === 'fragment') return `${redirectUri}#${text}`
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${text}`
}
