import type { RefreshTokenFilter } from '../../tokens/index.js'
import { invalidQuery, type QueryParameters, text } from '../validation/query.js'
import { DEVICE_CREDENTIAL_ID, isTime } from './formats.js'
import type { TokenFilter } from './refresh-tokens.dto.js'

/** Names of the query parameters that narrow the list. */
export const FILTERS = [
  'user_id',
  'client_id',
  'session_id',
  'audience',
  'device_credential_id',
  'initial_ip',
  'initial_user_agent',
  'last_ip',
  'last_user_agent',
  'issued_from',
  'issued_to',
] as const satisfies readonly (keyof TokenFilter)[]

/** The list's filters (docs/refresh-tokens.md). Errors: ManagementError 400. */
export function readFilter(query: QueryParameters): RefreshTokenFilter {
  const time = (name: string): string | undefined => {
    const value = text(query, name, { max: 40 })
    if (value !== undefined && !isTime(value)) throw invalidQuery(`Object didn't pass validation for format date-time: ${value}`, name)
    return value
  }
  return toFilter({
    user_id: text(query, 'user_id'),
    client_id: text(query, 'client_id'),
    session_id: text(query, 'session_id'),
    audience: text(query, 'audience'),
    device_credential_id: text(query, 'device_credential_id', { pattern: DEVICE_CREDENTIAL_ID }),
    initial_ip: text(query, 'initial_ip'),
    initial_user_agent: text(query, 'initial_user_agent'),
    last_ip: text(query, 'last_ip'),
    last_user_agent: text(query, 'last_user_agent'),
    issued_from: time('issued_from'),
    issued_to: time('issued_to'),
  })
}

/** What is not named is left out. Times become milliseconds of UTC. */
export function toFilter(named: { readonly [M in keyof TokenFilter]: TokenFilter[M] | undefined }): RefreshTokenFilter {
  const filter = {
    userId: named.user_id,
    clientId: named.client_id,
    sessionId: named.session_id,
    audience: named.audience,
    deviceCredentialId: named.device_credential_id,
    initialIp: named.initial_ip,
    initialUserAgent: named.initial_user_agent,
    lastIp: named.last_ip,
    lastUserAgent: named.last_user_agent,
    issuedFrom: named.issued_from === undefined ? undefined : new Date(named.issued_from).toISOString(),
    issuedTo: named.issued_to === undefined ? undefined : new Date(named.issued_to).toISOString(),
  }
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
}
