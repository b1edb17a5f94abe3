import { Html, html } from '../../http/html.js'
import { STYLE } from './style.js'
import type { Texts } from './texts.js'

/** What is around every page. */
export interface PageFrame {
  /** Whose pages these are: the tenant's friendly name. */
  readonly tenantName: string
  readonly texts: Texts
}

const MARK = html`<svg viewBox="0 0 32 32" aria-hidden="true">
  <path
    fill="currentColor"
    d="M16 1 4 6v9c0 7.6 5.1 13.6 12 16 6.900-2.400 12-8.400 12-16V6L16 1Zm-1.700 21.300-5.600-5.600 2.300-2.300 3.300 3.300 7-7 2.300 2.300-9.300 9.300Z"
  />
</svg>`

/** A whole page. It loads nothing from anywhere. */
export const layout = (title: string, { tenantName, texts }: PageFrame, content: Html): Html =>
  html`<!doctype html>
    <html lang="${texts.lang}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title} · ${tenantName}</title>
        <link rel="icon" href="data:," />
        ${STYLE_ELEMENT}
      </head>
      <body>
        <main>
          <p class="brand">${MARK}${tenantName}</p>
          ${content}
        </main>
      </body>
    </html> `

/** To the letter, since its hash is in the page's policy; in a style element nothing is escaped. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`)

/** What went wrong with what the person just did. */
export const alert = (message: string | undefined): Html | undefined =>
  message === undefined ? undefined : html`<div role="alert" id="problem"><p>${message}</p></div>`
