import { type Html, html } from '../../http/html.js'
import { layout } from './layout.js'

export interface ErrorView {
  readonly tenantName: string
  readonly code: string
  readonly description: string
  /** Where the application starts a login anew. */
  readonly startUrl?: string | undefined
}

export const errorPage = ({ tenantName, code, description, startUrl }: ErrorView): Html =>
  layout(
    { title: 'Error', tenantName },
    html`<h1>This did not work</h1>
      <p class="lead">The request could not be completed.</p>
      <div role="alert">
        <p>${description}</p>
        <code>${code}</code>
      </div>
      ${
        startUrl === undefined
          ? html`<p class="foot">Please go back to the application and try again.</p>`
          : html`<a class="button" href="${startUrl}">Back to the application</a>`
      }`,
  )
