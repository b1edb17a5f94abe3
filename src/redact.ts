const NAMES = [
  'client_secret',
  'password',
  'code',
  'refresh_token',
  'access_token',
  'id_token',
  'token',
  'subject_token',
  'actor_token',
  'assertion',
  'client_assertion',
  'code_verifier',
  'device_code',
  'user_code',
  'otp',
  'binding_code',
  'cookie',
  'set-cookie',
  'authorization',
].join('|')

const REDACTED = '[redacted]'
/** One character, or one escaped character of JSON: so that a redacted line of JSON stays one. */
const VALUE = String.raw`(?:\\.|[^\s&"'\\])+`

const SHAPES: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/gs, REDACTED],
  // JWS and JWE in compact form.
  [/\beyJ[\w-]{5,}(?:\.[\w-]*){2,4}/g, REDACTED],
  [/\bv1\.[\w-]{40,}(?:\.[\w-]+)*/g, REDACTED],
  [/\bORT[\w.-]{20,}/g, REDACTED],
  [/\brk1\.[0-9a-f]{8}(?:\.[\w-]+){3}/g, REDACTED],
  [/\b(Bearer|Basic|DPoP) +[\w.~+/=-]{8,}/gi, `$1 ${REDACTED}`],
  // name=value of forms and query strings, and "name":"value" of JSON, also of JSON within a string.
  [new RegExp(String.raw`(?<![\w-])(${NAMES})=${VALUE}`, 'gi'), `$1=${REDACTED}`],
  [new RegExp(String.raw`(\\*"(?:${NAMES})\\*"\s*:\s*\\*")(?:[^"\\]|\\(?!"))+`, 'gi'), `$1${REDACTED}`],
  [/(postgres(?:ql)?:\/\/[^:@/\s]*):[^@\s"]+@/g, `$1:${REDACTED}@`],
]
const HINT = new RegExp(`PRIVATE KEY|eyJ|v1\\.|rk1\\.|ORT|bearer|basic|dpop|postgres|${NAMES}`, 'i')
const SECRET_NAME = new RegExp(`^(?:${NAMES})$`, 'i')

/** Removes whatever looks like a token, a private key, credentials or a form field that holds them. The last net, not the first. */
export function redact(text: string): string {
  if (!HINT.test(text)) return text
  return SHAPES.reduce((rest, [shape, replacement]) => rest.replace(shape, replacement), text)
}

/** Of a path, ids may stand in the log; an address or a token that somebody put in the place of one may not. At most 1000 characters. */
export const withoutPersons = (path: string): string =>
  redact(path.slice(0, MAX_READ).replace(/[^/]+/g, (segment) => (/@|%40/.test(segment) ? '*' : segment))).slice(0, 1000)

/** What was sent, or words that repeat it, as the log may show them: people write their address in any place, and applications their tokens. */
export const shownText = (words: string, atMost = 500): string =>
  redact(words.slice(0, MAX_READ).replace(/\S+/g, (word) => (/@|%40/.test(word) ? '*' : word))).slice(0, atMost)

/** Of what anybody may send: some shapes take time by the square of the text. */
const MAX_READ = 2000

/** A copy for the log: fields with a secret's name lose their value, errors keep name, code, message and stack alone. */
export function loggable(value: unknown, depth = 0): unknown {
  if (value instanceof Error) return describeError(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (Buffer.isBuffer(value)) return `[${value.length} bytes]`
  if (depth > 5) return '[deep]'
  if (Array.isArray(value)) return value.map((item) => loggable(item, depth + 1))
  if (value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      SECRET_NAME.test(name) && typeof item === 'string' && !isErrorCode(name, item) ? REDACTED : loggable(item, depth + 1),
    ]),
  )
}

/** A driver's error carries more, such as the values that violated a constraint. */
function describeError(error: Error): object {
  const { name, message, stack } = error
  const { code } = error as { code?: unknown }
  return { name, ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}), message: redact(message), stack: stack && redact(stack) }
}

/** `code` is an authorization code in a form and ECONNREFUSED or 23505 in an error. */
const isErrorCode = (name: string, value: string): boolean => name === 'code' && /^[A-Z0-9_]{5,40}$/.test(value) && /^(\d|E|[0-9A-Z]{5}$)/.test(value)
