import type { IncomingMessage } from 'node:http'
import { OAuthError } from './oauth-error.js'

/** Parameters of an OAuth request: one value each, never empty (RFC 6749 §3.2). */
export type Parameters = Readonly<Record<string, string>>

/** What this service reads, and nothing but a text (or a number) can be (spec/oauth.md §1.1). What it does not know may be whatever an application likes. */
const TEXTS = new Set(
  (
    'access_token audience client_assertion client_assertion_type client_id client_secret code code_verifier grant_type organization password realm ' +
    'redirect_uri refresh_token token username'
  ).split(' '),
)
const LIMIT_BYTES = 100_000
const RECEIVE_MS = 10_000

/**
 * The parameters of a form or JSON body (spec/oauth.md §1.1). JSON numbers, and booleans and structures that nobody here reads, become text; an
 * array of strings under `scope` is joined by spaces. A request without a body has none.
 * Errors: OAuthError invalid_request for another content type, broken JSON, a repeated parameter or one that is no text; payload_too_large.
 */
export async function readParameters(req: IncomingMessage): Promise<Parameters> {
  const text = await readText(req, LIMIT_BYTES)
  return text === '' ? {} : parse(text, mediaType(req))
}

/** Parameters of a query string or a form. Errors: OAuthError invalid_request for a repeated one, unless it is `resource` with the same value (spec/oauth.md §1.1). */
export function formParameters(text: string): Parameters {
  const parameters: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [name, value] of new URLSearchParams(text)) {
    if (value === '') continue
    if (name in parameters && !(name === 'resource' && parameters[name] === value))
      throw new OAuthError('invalid_request', `Parameter repeated: ${name.slice(0, 64)}`)
    parameters[name] = value
  }
  return parameters
}

/** The whole body as text. Errors: OAuthError payload_too_large over `limit` bytes. */
export function readText(req: IncomingMessage, limit: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const timer = setTimeout(() => fail(new OAuthError('invalid_request', 'The request body did not arrive in time.')), RECEIVE_MS)
    const fail = (error: Error): void => {
      clearTimeout(timer)
      req.removeAllListeners('data')
      req.resume()
      reject(error)
    }
    req.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > limit) fail(new OAuthError('payload_too_large', `The request body is larger than ${limit} bytes.`))
      else chunks.push(chunk)
    })
    // A caller that hung up is no fault of ours or of the database's; nobody reads the answer.
    const aborted = (): void => fail(new OAuthError('invalid_request', 'The request body did not arrive.'))
    req.once('error', aborted)
    if (req.destroyed) aborted()
    req.once('end', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks).toString('utf8'))
    })
  })
}

const mediaType = (req: IncomingMessage): string => (req.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()

function parse(text: string, type: string): Parameters {
  if (type === 'application/x-www-form-urlencoded') return formParameters(text)
  if (type === 'application/json') return jsonParameters(text)
  throw new OAuthError('invalid_request', 'The content type must be application/x-www-form-urlencoded or application/json.')
}

function jsonParameters(text: string): Parameters {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new OAuthError('invalid_request', 'The request body is not valid JSON.')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new OAuthError('invalid_request', 'The request body must be a JSON object.')
  const parameters: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [name, member] of Object.entries(value)) {
    const parameter = asText(name, member)
    if (parameter !== '') parameters[name] = parameter
  }
  return parameters
}

function asText(name: string, member: unknown): string {
  if (typeof member === 'string') return member
  if (member === null || member === undefined) return ''
  if (name === 'scope') {
    if (Array.isArray(member) && member.every((item) => typeof item === 'string')) return member.join(' ')
    throw new OAuthError('invalid_scope', 'Scope must be an array or a string')
  }
  if (TEXTS.has(name) && typeof member !== 'number') throw new OAuthError('invalid_request', `Parameter must be a string: ${name}`)
  return written(name, member)
}

/** What this service has no use for goes on to Actions as it came. */
function written(name: string, member: unknown): string {
  try {
    return JSON.stringify(member)
  } catch {
    // JSON.parse takes any depth, JSON.stringify runs out of stack.
    throw new OAuthError('invalid_request', `Parameter nested too deeply: ${name.slice(0, 64)}`)
  }
}
