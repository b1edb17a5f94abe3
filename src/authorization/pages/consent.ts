import { type Html, html } from '../../http/html.js'
import { layout } from './layout.js'

export interface ConsentView {
  readonly tenantName: string
  readonly clientName: string
  readonly action: string
  readonly transaction: string
  /** What the client may do afterwards, in words. */
  readonly permissions: readonly string[]
}

export const consentPage = ({ tenantName, clientName, action, transaction, permissions }: ConsentView): Html =>
  layout(
    { title: 'Allow access', tenantName },
    html`<h1>Allow access?</h1>
      <p class="lead"><strong>${clientName}</strong> asks to use your account${permissions.length > 0 ? ' and to:' : '.'}</p>
      ${
        permissions.length > 0 &&
        html`<ul>
          ${permissions.map((permission) => html`<li>${permission}</li>`)}
        </ul>`
      }
      <form method="post" action="${action}">
        <input type="hidden" name="transaction" value="${transaction}" />
        <button type="submit" name="action" value="accept">Allow</button>
        <button class="other" type="submit" name="action" value="deny">Decline</button>
      </form>`,
  )
