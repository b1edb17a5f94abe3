import { type Html, html } from '../../http/html.js'
import { layout, type PageFrame } from './layout.js'

interface ConsentView {
  readonly frame: PageFrame
  readonly clientName: string
  readonly action: string
  readonly transaction: string
  /** What the client may do afterwards, in words. */
  readonly permissions: readonly string[]
}

export const consentPage = ({ frame, clientName, action, transaction, permissions }: ConsentView): Html => {
  const { texts } = frame
  return layout(
    texts.consent.title,
    frame,
    html`<h1>${texts.consent.heading}</h1>
      <p class="lead"><strong>${clientName}</strong> ${permissions.length > 0 ? texts.consent.asksAnd : texts.consent.asks}</p>
      ${
        permissions.length > 0 &&
        html`<ul>
          ${permissions.map((permission) => html`<li>${permission}</li>`)}
        </ul>`
      }
      <form method="post" action="${action}">
        <input type="hidden" name="transaction" value="${transaction}" />
        <button type="submit" name="action" value="accept">${texts.consent.allow}</button>
        <button class="other" type="submit" name="action" value="deny">${texts.consent.decline}</button>
      </form>`,
  )
}
