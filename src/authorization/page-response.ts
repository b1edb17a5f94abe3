import { createHash, randomBytes } from 'node:crypto'
import type { Response } from 'express'
import type { Html } from '../http/html.js'
import { STYLE } from './pages/style.js'

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** For the one script that a page may run. */
export const newNonce = (): string => randomBytes(18).toString('base64url')

/** What every answer of these addresses says, redirects included. */
const COMMON = {
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  // Never no-referrer: browsers would send `Origin: null` with the form (spec/contract.md).
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
}

/**
 * Sends a page that nobody can frame and that loads nothing. form-action is left open on purpose: browsers apply it to the redirects that
 * follow a form, so it would have to list every address that an application's callback may send people on to.
 */
export function sendPage(res: Response, status: number, page: Html, nonce?: string): void {
  const script = nonce === undefined ? '' : ` script-src 'nonce-${nonce}';`
  res
    .status(status)
    .set({
      ...COMMON,
      'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}';${script} img-src data:; base-uri 'none'; frame-ancestors 'none'`,
      'X-Frame-Options': 'deny',
    })
    .type('html')
    .send(page.text)
}

/** Sends a page that speaks to another window, and that windows of that origin alone may frame. */
export function sendMessagePage(res: Response, page: Html, { nonce, targetOrigin }: { readonly nonce: string; readonly targetOrigin: string }): void {
  const policy = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; script-src 'nonce-${nonce}'; base-uri 'none'; frame-ancestors ${targetOrigin}`
  res
    .status(200)
    .set({ ...COMMON, 'Content-Security-Policy': policy })
    .type('html')
    .send(page.text)
}

export function sendRedirect(res: Response, location: string): void {
  res.status(302).set({ ...COMMON, 'X-Frame-Options': 'deny', 'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'" })
  res.location(location).end()
}
