import { type Html, html } from '../../http/html.js'
import { layout, type PageFrame } from './layout.js'

interface ConfirmLogoutView {
  readonly frame: PageFrame
  readonly action: string
  readonly transaction: string
}

export const confirmLogoutPage = ({ frame, action, transaction }: ConfirmLogoutView): Html => {
  const { texts } = frame
  return layout(
    texts.logout.title,
    frame,
    html`<h1>${texts.logout.heading}</h1>
      <p class="lead">${texts.logout.explanation}</p>
      <form method="post" action="${action}">
        <input type="hidden" name="transaction" value="${transaction}" />
        <button type="submit" name="action" value="accept">${texts.logout.submit}</button>
      </form>
      <p class="foot">${texts.logout.stay}</p>`,
  )
}
