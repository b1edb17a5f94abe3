import type { EventClient, EventRequest } from './post-login-event.js'

/** Never told to an Action, whatever an app sent (spec/actions.md §2.5). */
const WITHHELD = new Set([
  'auth_session',
  'authn_response',
  'client_secret',
  'client_assertion',
  'refresh_token',
  'password',
  'code',
  'code_verifier',
  'mfa_token',
  'otp',
  'subject_token',
  'actor_token',
])

/** The parameters without those that are secrets. */
const withoutSecretParameters = <T>(parameters: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => !WITHHELD.has(name)))

interface RequestParts {
  readonly ip: string
  readonly hostname: string
  readonly method: string
  readonly userAgent: string
  /** The header. */
  readonly acceptLanguage?: string | undefined
  readonly query?: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, unknown>>
}

export function eventRequest({ ip, hostname, method, userAgent, acceptLanguage, query = {}, body = {} }: RequestParts): EventRequest {
  const language = acceptLanguage?.split(/[,;]/)[0]?.trim()
  return {
    ip,
    hostname,
    method,
    ...(userAgent !== '' && { user_agent: userAgent }),
    ...(language && language !== '*' && { language }),
    query: withoutSecretParameters(query),
    body: withoutSecretParameters(body),
  }
}

/** A client's document as the event has it. */
export function eventClient(client: {
  readonly client_id: string
  readonly name: string
  readonly client_metadata?: Readonly<Record<string, string>>
  readonly refresh_token?: Readonly<Record<string, unknown>>
}): EventClient {
  const policies = client.refresh_token?.['policies']
  return {
    client_id: client.client_id,
    name: client.name,
    metadata: client.client_metadata ?? {},
    ...(Array.isArray(policies) && policies.length > 0 && { refresh_token: { policies: policies as { audience?: string; scope?: string[] }[] } }),
  }
}
