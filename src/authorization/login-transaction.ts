import { randomBytes } from 'node:crypto'
import type { Parameters } from '../http/body.js'
import { type RootKeys, SealedTextError, UnknownRootKeyError } from '../keys/root-key.js'
import { cookies } from '../sessions/index.js'

/** Whether to go on with it, to let the application have what it wants, in whose name, or whether to end it. */
type Asked = 'account' | 'consent' | 'organization' | 'logout'

/** What a page's form carries to its next step. */
export interface LoginTransaction {
  /** The request as it came; it is checked anew at each step, so that settings changed meanwhile count. */
  readonly parameters: Parameters
  /** Milliseconds since 1970. */
  readonly startedAt: number
  /** The session that a page asked about, and what it asked: its form answers no other question. */
  readonly session?: { readonly id: string; readonly asked: Asked }
  /** The person was asked for an organization, and goes on without. */
  readonly organizationDeclined?: boolean
}

/** The session about which that was asked; undefined where the form is another page's. */
export const sessionAsked = ({ session }: LoginTransaction, asked: Asked): string | undefined => (session?.asked === asked ? session.id : undefined)

/** Auth0's (spec/oauth.md §4.3). */
const LIFETIME_MS = 3_600_000

/**
 * A login transaction travels in its form, encrypted, and opens only together with the cookie of the browser that was shown the form. That
 * is the protection against forged requests (CSRF) too, of the login and of who logs in: another site can neither read a form of ours, nor
 * set that cookie (`__Host-` over https), nor make the two fit. A library's double-submit token would be the same once more.
 */
export const sealTransaction = (rootKeys: RootKeys, transaction: LoginTransaction, binding: string): string =>
  rootKeys.encrypt('login-transaction', JSON.stringify(transaction), binding)

/** Undefined for a text that is not ours or is another browser's. `now` in milliseconds since 1970. */
export function openTransaction(
  rootKeys: RootKeys,
  text: string,
  binding: string,
  now: number,
): { readonly transaction: LoginTransaction; readonly expired: boolean } | undefined {
  try {
    const transaction = JSON.parse(rootKeys.decrypt('login-transaction', text, binding).toString()) as LoginTransaction
    return { transaction, expired: now - transaction.startedAt >= LIFETIME_MS }
  } catch (error) {
    if (error instanceof SealedTextError || error instanceof UnknownRootKeyError) return undefined
    throw error
  }
}

const cookieName = (issuer: string): string => (issuer.startsWith('https:') ? '__Host-login' : 'login')

/** The browser's secret: one for all its tabs. */
export const bindingFrom = (issuer: string, cookieHeader: string | undefined): string | undefined =>
  cookies(cookieHeader, cookieName(issuer)).find((value) => /^[\w-]{43}$/.test(value))

/** A new secret for a browser that has none, with the `Set-Cookie` value that gives it. */
export function newBinding(issuer: string): { binding: string; cookie: string } {
  const binding = randomBytes(32).toString('base64url')
  const secure = issuer.startsWith('https:') ? '; Secure' : ''
  return { binding, cookie: `${cookieName(issuer)}=${binding}; Path=/; HttpOnly${secure}; SameSite=Lax` }
}
