import { OAuthError } from '../http/oauth-error.js'
import type { Parameters } from '../http/body.js'

/** Auth0's limit is the URL's; it bounds the form, too. */
const MAX_LENGTH = 16_384

/** An authorization request as it came: the first value of each parameter, and which came more than once. */
export interface RawRequest {
  readonly parameters: Parameters
  readonly repeated: readonly string[]
}

/** Reads a query string or a form. Empty is absent (RFC 6749 §3.1). Errors: OAuthError payload_too_large. */
export function readRawRequest(text: string, method: 'GET' | 'POST'): RawRequest {
  if (text.length > MAX_LENGTH) throw new OAuthError('payload_too_large', 'The request is too long.', undefined, { status: method === 'GET' ? 414 : 413 })
  const parameters: Record<string, string> = Object.create(null) as Record<string, string>
  const repeated: string[] = []
  for (const [name, value] of new URLSearchParams(text)) {
    if (value === '') continue
    if (name in parameters) {
      // `resource` may come again with the same value (spec/oauth.md §1.1).
      if (name !== 'resource' || parameters[name] !== value) repeated.push(name.slice(0, 64))
    } else parameters[name] = value
  }
  return { parameters, repeated }
}
