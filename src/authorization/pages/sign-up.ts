import { type Html, html } from '../../http/html.js'
import { alert, layout } from './layout.js'

export interface SignUpView {
  readonly tenantName: string
  readonly clientName: string
  readonly action: string
  readonly transaction: string
  readonly email: string
  readonly problem?: string | undefined
  readonly loginUrl: string
}

export const signUpPage = ({ tenantName, clientName, action, transaction, email, problem, loginUrl }: SignUpView): Html =>
  layout(
    { title: 'Sign up', tenantName },
    html`<h1>Create your account</h1>
      <p class="lead">to continue to <strong>${clientName}</strong></p>
      ${alert(problem)}
      <form method="post" action="${action}">
        <input type="hidden" name="transaction" value="${transaction}" />
        <label for="email">Email address</label>
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
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="new-password"
          maxlength="1000"
          required${email !== '' && AUTOFOCUS}${problem !== undefined && DESCRIBED}
        />
        <button type="submit" name="action" value="default">Sign up</button>
      </form>
      <p class="foot">Already have an account? <a href="${loginUrl}">Log in</a></p>`,
  )

const DESCRIBED = html` aria-describedby="problem"`
const AUTOFOCUS = html` autofocus`
