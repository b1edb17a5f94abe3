import { type Html, html } from '../../http/html.js'
import { alert, layout, type PageFrame } from './layout.js'

interface SignUpView {
  readonly frame: PageFrame
  readonly clientName: string
  readonly action: string
  readonly transaction: string
  readonly email: string
  readonly problem?: string | undefined
  readonly loginUrl: string
}

export const signUpPage = ({ frame, clientName, action, transaction, email, problem, loginUrl }: SignUpView): Html => {
  const { texts } = frame
  return layout(
    texts.signUp.title,
    frame,
    html`<h1>${texts.signUp.heading}</h1>
      <p class="lead">${texts.login.toContinueTo} <strong>${clientName}</strong></p>
      ${alert(problem)}
      <form method="post" action="${action}">
        <input type="hidden" name="transaction" value="${transaction}" />
        <label for="email">${texts.login.emailAddress}</label>
        <input
          id="email"
          name="email"
          type="email"
          value="${email}"
          autocomplete="email"
          autocapitalize="none"
          spellcheck="false"
          maxlength="320"
          required${email === '' && AUTOFOCUS}${problem !== undefined && DESCRIBED}
        />
        <label for="password">${texts.login.password}</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="new-password"
          maxlength="1000"
          required${email !== '' && AUTOFOCUS}${problem !== undefined && DESCRIBED}
        />
        <button type="submit" name="action" value="default">${texts.signUp.submit}</button>
      </form>
      <p class="foot">${texts.signUp.haveAccount} <a href="${loginUrl}">${texts.signUp.logIn}</a></p>`,
  )
}

const DESCRIBED = html` aria-describedby="problem"`
const AUTOFOCUS = html` autofocus`
