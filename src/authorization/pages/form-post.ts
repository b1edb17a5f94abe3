import { type Html, html } from '../../http/html.js'
import { layout } from './layout.js'

export interface FormPostView {
  readonly tenantName: string
  readonly action: string
  readonly parameters: Readonly<Record<string, string>>
  /** Of the one script that the page's policy lets run. */
  readonly nonce: string
}

/** OAuth 2.0 Form Post Response Mode: posts itself, or by its button where no script runs. */
export const formPostPage = ({ tenantName, action, parameters, nonce }: FormPostView): Html =>
  layout(
    { title: 'Continue', tenantName },
    html`<h1>One moment</h1>
      <p class="lead">You are being taken back to the application.</p>
      <form method="post" action="${action}">
        ${Object.entries(parameters).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" /> `)}
        <button type="submit">Continue</button>
      </form>
      <script nonce="${nonce}">
        document.forms[0].submit()
      </script>`,
  )
