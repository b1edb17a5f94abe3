import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Build } from './build.js'
import { asText, give } from './give.js'

const DEFAULT_LIFETIME_SECONDS = 900
/** Where nobody can be sent elsewhere (spec/actions.md §3.4). */
const NO_BROWSER = ['oauth2-resource-owner', 'oauth2-refresh-token', 'oauth2-password', 'oauth2-webauthn']

interface EncodeOptions {
  readonly secret: string
  readonly payload?: object
  readonly expiresInSeconds?: number
}
interface ValidateOptions {
  readonly secret: string
  readonly tokenParameterName?: string
}

export function redirectApi(build: Build, api: object): object {
  const { event, context } = build
  return {
    canRedirect: () => event.request?.query?.['prompt'] !== 'none' && !NO_BROWSER.includes(event.transaction?.protocol ?? ''),
    sendUserTo: (url: unknown, options: unknown) => {
      if (typeof url !== 'string' || !URL.canParse(url)) throw new TypeError('Invalid URL')
      const target = new URL(url)
      if (!['http:', 'https:'].includes(target.protocol)) throw new TypeError('Invalid URL')
      const { query = {} } = (options ?? {}) as { query?: Record<string, unknown> }
      for (const [name, value] of Object.entries(query)) target.searchParams.set(name, asText(value))
      give(build, { type: 'redirect', url: target.href })
      return api
    },
    encodeToken: ({ secret, payload, expiresInSeconds = DEFAULT_LIFETIME_SECONDS }: EncodeOptions) => {
      const iat = Math.floor(Date.now() / 1000)
      const { hostname: iss, ip } = event.request ?? {}
      return sign({ iat, exp: iat + expiresInSeconds, iss, sub: event.user?.user_id, ip, ...payload }, secret)
    },
    validateToken: ({ secret, tokenParameterName: name = 'session_token' }: ValidateOptions) => {
      const token = { ...event.request?.query, ...event.request?.body }[name]
      if (token === undefined || token === '') {
        throw new Error(`There is no parameter called '${name}' available in either the POST body or query string.`)
      }
      const payload = verify(asText(token), secret)
      if (payload['state'] !== context.state) throw new Error('The session token is invalid: state does not match')
      if (payload['sub'] !== undefined && payload['sub'] !== event.user?.user_id) throw new Error('The session token is invalid: sub does not match')
      return payload
    },
  }
}

/** HS256 (RFC 7515), in one go: the api's methods are not async. */
function sign(payload: object, secret: string): string {
  const input = [{ alg: 'HS256', typ: 'JWT' }, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${input}.${mac(input, secret).toString('base64url')}`
}

function verify(token: string, secret: string): Record<string, unknown> {
  const fail = (why: string): never => {
    throw new Error(`The session token is invalid: ${why}`)
  }
  const [header, payload, signature, ...more] = token.split('.')
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) return fail('jwt malformed')
  const { alg } = parse(header) ?? fail('jwt malformed')
  if (alg !== 'HS256') return fail('invalid algorithm')
  const [given, expected] = [Buffer.from(signature, 'base64url'), mac(`${header}.${payload}`, secret)]
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return fail('invalid signature')
  const claims = parse(payload) ?? fail('jwt malformed')
  if (typeof claims['exp'] === 'number' && claims['exp'] <= Date.now() / 1000) return fail('jwt expired')
  return claims
}

const mac = (input: string, secret: string): Buffer => createHmac('sha256', secret).update(input).digest()

function parse(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
