import type { Parameters } from '../http/body.js'

/** What the client wants answered at its redirect URI (OAuth 2.0 Multiple Response Types §3, OIDC Core §3). */
export type ResponseType = 'code' | 'token' | 'id_token'
export type ResponseTypes = ReadonlySet<ResponseType>

/** Sorted, so that the order of the request does not count. */
const SUPPORTED = new Set(['code', 'id_token', 'token', 'id_token token', 'code id_token', 'code token', 'code id_token token'])

/** In the words of discovery. */
export const RESPONSE_TYPES_SUPPORTED = ['code', 'token', 'id_token', 'code token', 'code id_token', 'token id_token', 'code token id_token']

/** Undefined for what nobody supports. */
export function responseTypesOf(parameters: Parameters): ResponseTypes | undefined {
  const asked = [...new Set((parameters['response_type'] ?? '').split(' '))].filter(Boolean).sort()
  return SUPPORTED.has(asked.join(' ')) ? new Set(asked as ResponseType[]) : undefined
}

/** Whether tokens are answered, with a code (hybrid) or without (implicit): never in a query, which servers and browsers keep. */
export const isFrontChannel = (types: ResponseTypes | undefined): boolean => types !== undefined && (types.has('token') || types.has('id_token'))

/** By the name that Actions know (spec/actions.md §2.4). */
export const protocolOf = (types: ResponseTypes): 'oidc-basic-profile' | 'oidc-implicit-profile' | 'oidc-hybrid-profile' =>
  !isFrontChannel(types) ? 'oidc-basic-profile' : types.has('code') ? 'oidc-hybrid-profile' : 'oidc-implicit-profile'
