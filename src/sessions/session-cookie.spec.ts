import { RootKeys } from '../keys/root-key.js'
import { clearedSessionCookies, cookies, newSessionId, provedCookie, sessionCookies } from './session-cookie.js'
import type { ActiveSession } from './session/session.js'

const keys = [1, 2].map((n) => Buffer.alloc(32, n))
const rootKeys = new RootKeys([keys[0]!])
const session = { persistent: true, cookieGeneration: 3, expiresAt: '2030-01-01T00:00:00.000Z' } as ActiveSession
const sessionId = newSessionId()
const pair = (line: string | undefined): string => line!.split(';')[0]!

describe('the session cookie', () => {
  it('is for all sites over https, beside one for old browsers, and Lax over http', () => {
    const [cookie, compat, ...more] = sessionCookies(rootKeys, 'https://id.example/', sessionId, session)
    expect(cookie).toMatch(/^auth0=[\w.-]+; Path=\/; HttpOnly; Secure; SameSite=None; Expires=Tue, 01 Jan 2030 00:00:00 GMT$/)
    expect(compat).toMatch(/^auth0_compat=[\w.-]+; Path=\/; HttpOnly; Secure; Expires=Tue, 01 Jan 2030 00:00:00 GMT$/)
    expect(more).toEqual([])
    expect(sessionCookies(rootKeys, 'http://localhost/', sessionId, session)).toEqual([expect.stringMatching(/; HttpOnly; SameSite=Lax; Expires=/)])
  })

  it('ends with the browser when it is not to be kept', () => {
    for (const line of sessionCookies(rootKeys, 'https://id.example/', sessionId, { ...session, persistent: false })) expect(line).not.toContain('Expires')
  })

  it('proves its session, by either name, also after the key was rotated', () => {
    const [cookie, compat] = sessionCookies(rootKeys, 'https://id.example/', sessionId, session)
    const rotated = new RootKeys([keys[1]!, keys[0]!])
    for (const line of [cookie, compat]) expect(provedCookie(rotated, `x=1; ${pair(line)}; y=2`)).toEqual({ sessionId, generation: 3 })
    expect(provedCookie(new RootKeys([keys[1]!]), pair(cookie))).toBeUndefined()
  })

  it('is found among others of its name, and proves nothing when it was changed', () => {
    const cookie = pair(sessionCookies(rootKeys, 'http://localhost/', sessionId, session)[0])
    expect(provedCookie(rootKeys, `auth0=stale; ${cookie}`)).toEqual({ sessionId, generation: 3 })
    expect(provedCookie(rootKeys, cookie.replace('.3.', '.4.'))).toBeUndefined()
    expect(provedCookie(rootKeys, cookie.replace(sessionId, newSessionId()))).toBeUndefined()
    expect(provedCookie(rootKeys, `${cookie}.x`)).toBeUndefined()
    expect(provedCookie(rootKeys, undefined)).toBeUndefined()
  })

  it('is taken away by the same attributes', () => {
    expect(clearedSessionCookies('https://id.example/')[0]).toBe('auth0=; Path=/; HttpOnly; Secure; SameSite=None; Expires=Thu, 01 Jan 1970 00:00:00 GMT')
  })

  it('is read by its whole name', () => {
    expect(cookies('xauth0=1; auth0x=2; auth0=3', 'auth0')).toEqual(['3'])
  })
})
