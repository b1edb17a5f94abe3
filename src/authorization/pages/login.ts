import { type Html, html } from '../../http/html.js'
import { alert, layout } from './layout.js'

export interface LoginView {
  readonly tenantName: string
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
  const { tenantName, clientName, action, transaction, username, problem, signUpUrl, others } = view
  // With a name filled in, the password is what is left to type.
  const first = username === '' ? 'username' : 'password'
  const marks = problem === undefined ? undefined : html` aria-invalid="true" aria-describedby="problem"`
  return layout(
    { title: 'Log in', tenantName },
    html`<h1>Log in</h1>
      <p class="lead">to continue to <strong>${clientName}</strong></p>
      ${alert(problem)}
      <form method="post" action="${action}">
        <input type="hidden" name="transaction" value="${transaction}" />
        <label for="username">${view.takesUsernames ? 'Username or email address' : 'Email address'}</label>
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
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          maxlength="1000"
          required${marks}${first === 'password' && AUTOFOCUS}
        />
        <button type="submit" name="action" value="default">Continue</button>
        ${others.length > 0 && html`<p class="or">or</p>`}
        ${others.map(({ name, label }) => html`<button class="other" type="submit" name="connection" value="${name}" formnovalidate>Log in with ${label}</button>`)}
      </form>
      ${signUpUrl !== undefined && html`<p class="foot">No account yet? <a href="${signUpUrl}">Sign up</a></p>`}`,
  )
}

const AUTOFOCUS = html` autofocus`
