import { type Html, html } from '../../http/html.js'
import { layout, type PageFrame } from './layout.js'

interface ChooseAccountView {
  readonly frame: PageFrame
  readonly clientName: string
  readonly action: string
  readonly transaction: string
  /** Who is logged in. */
  readonly account: string
}

export const chooseAccountPage = ({ frame, clientName, action, transaction, account }: ChooseAccountView): Html => {
  const { texts } = frame
  return layout(
    texts.account.title,
    frame,
    html`<h1>${texts.account.heading}</h1>
      <p class="lead">${texts.login.toContinueTo} <strong>${clientName}</strong></p>
      <form method="post" action="${action}">
        <input type="hidden" name="transaction" value="${transaction}" />
        <button type="submit" name="action" value="accept">${texts.account.continueAs(account)}</button>
        <button class="other" type="submit" name="action" value="other">${texts.account.other}</button>
      </form>`,
  )
}
