import { type Html, html } from '../../http/html.js'
import { alert, layout, type PageFrame } from './layout.js'

export interface LoginView {
  readonly frame: PageFrame
  readonly clientName: string
  readonly action: string
  readonly transaction: string
  readonly username: string
  readonly takesUsernames: boolean
  readonly problem?: string | undefined
  readonly signUpUrl?: string | undefined
  /** Further connections that the person may log in through. */
  readonly others: readonly { readonly name: string; readonly label: string }[]
}

export function loginPage(view: LoginView): Html {
  const { frame, clientName, action, transaction, username, problem, signUpUrl, others } = view
  const { texts } = frame
  // With a name filled in, the password is what is left to type.
  const first = username === '' ? 'username' : 'password'
  const marks = problem === undefined ? undefined : html` aria-invalid="true" aria-describedby="problem"`
  return layout(
    texts.login.title,
    frame,
    html`<h1>${texts.login.title}</h1>
      <p class="lead">${texts.login.toContinueTo} <strong>${clientName}</strong></p>
      ${alert(problem)}
      <form method="post" action="${action}">
        <input type="hidden" name="transaction" value="${transaction}" />
        <label for="username">${view.takesUsernames ? texts.login.usernameOrEmail : texts.login.emailAddress}</label>
        <input
          id="username"
          name="username"
          type="text"
          value="${username}"
          autocomplete="username"
          inputmode="email"
          autocapitalize="none"
          spellcheck="false"
          maxlength="320"
          required${marks}${first === 'username' && AUTOFOCUS}
        />
        <label for="password">${texts.login.password}</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          maxlength="1000"
          required${marks}${first === 'password' && AUTOFOCUS}
        />
        <button type="submit" name="action" value="default">${texts.login.submit}</button>
        ${others.length > 0 && html`<p class="or">${texts.login.or}</p>`}
        ${others.map(({ name, label }) => html`<button class="other" type="submit" name="connection" value="${name}" formnovalidate>${texts.login.with(label)}</button>`)}
      </form>
      ${signUpUrl !== undefined && html`<p class="foot">${texts.login.noAccount} <a href="${signUpUrl}">${texts.login.signUp}</a></p>`}`,
  )
}

const AUTOFOCUS = html` autofocus`
