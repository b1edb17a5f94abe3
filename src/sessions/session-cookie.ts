import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { type RootKeys, UnknownRootKeyError } from '../keys/root-key.js'
import { type ActiveSession, cookieModeOf } from './session/session.js'

/** Auth0's names (spec/sessions.md §4); the second is for browsers that do not know SameSite=None, and is set over https alone. */
const NAME = 'auth0'
const COMPAT_NAME = 'auth0_compat'

/** The public id of a session: `sid` of its tokens. */
export const newSessionId = (): string => randomBytes(24).toString('base64url')

/** With the root key it makes the session's cookies and online tokens. */
export const newSalt = (): string => randomBytes(16).toString('base64url')

/** What a cookie proves: that the browser was given it at the session's login with this number. */
interface ProvedCookie {
  readonly sessionId: string
  readonly generation: number
}

/** Who knows a `sid` still has no cookie, and nothing at rest makes one. */
function cookieValue(rootKeys: RootKeys, { sessionId, generation }: ProvedCookie): string {
  const keyId = rootKeys.newestId
  return `${sessionId}.${generation}.${keyId}.${mac(rootKeys, keyId, { sessionId, generation }).toString('base64url')}`
}

/** What the request's cookies prove; one that proves nothing is as if it were not there. */
export function provedCookie(rootKeys: RootKeys, cookieHeader: string | undefined): ProvedCookie | undefined {
  for (const value of [...cookies(cookieHeader, NAME), ...cookies(cookieHeader, COMPAT_NAME)]) {
    const proved = prove(rootKeys, value)
    if (proved) return proved
  }
  return undefined
}

/** Whether the browser sent one at all, whatever it proves. */
export const hasSessionCookie = (header: string | undefined): boolean => [NAME, COMPAT_NAME].some((name) => cookies(header, name).length > 0)

/** `Set-Cookie` values that give a browser the session (spec/contract.md). */
export function sessionCookies(rootKeys: RootKeys, issuer: string, sessionId: string, session: ActiveSession): string[] {
  const { expiresAt, cookieGeneration: generation } = session
  const expires = cookieModeOf(session) === 'persistent' ? `; Expires=${new Date(expiresAt).toUTCString()}` : ''
  return setCookies(issuer, cookieValue(rootKeys, { sessionId, generation }), expires)
}

/** `Set-Cookie` values that take the session from a browser. */
export const clearedSessionCookies = (issuer: string): string[] => setCookies(issuer, '', '; Expires=Thu, 01 Jan 1970 00:00:00 GMT')

/** Values of all cookies of this name, in the browser's order. */
export function cookies(header: string | undefined, name: string): string[] {
  return (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}

/** Over http, which is for loopback alone, `Secure` and with it `SameSite=None` are impossible. */
function setCookies(issuer: string, value: string, rest: string): string[] {
  if (!issuer.startsWith('https:')) return [`${NAME}=${value}; Path=/; HttpOnly; SameSite=Lax${rest}`]
  return [`${NAME}=${value}; Path=/; HttpOnly; Secure; SameSite=None${rest}`, `${COMPAT_NAME}=${value}; Path=/; HttpOnly; Secure${rest}`]
}

function prove(rootKeys: RootKeys, value: string): ProvedCookie | undefined {
  const [sessionId, counted, keyId, given, ...more] = value.split('.')
  if (!sessionId || !/^[\w-]{32}$/.test(sessionId) || !/^[1-9]\d{0,8}$/.test(counted ?? '') || !keyId || !given || more.length > 0) return undefined
  const proved = { sessionId, generation: Number(counted) }
  try {
    const expected = mac(rootKeys, keyId, proved)
    const presented = Buffer.from(given, 'base64url')
    return presented.length === expected.length && timingSafeEqual(presented, expected) ? proved : undefined
  } catch (error) {
    if (error instanceof UnknownRootKeyError) return undefined
    throw error
  }
}

const mac = (rootKeys: RootKeys, keyId: string, { sessionId, generation }: ProvedCookie): Buffer =>
  createHmac('sha256', rootKeys.derive('session-cookie', keyId)).update(`${sessionId}.${generation}`).digest()
