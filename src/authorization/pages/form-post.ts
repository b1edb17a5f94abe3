import { type Html, html } from '../../http/html.js'
import { layout, type PageFrame } from './layout.js'

interface FormPostView {
  readonly frame: PageFrame
  readonly action: string
  readonly parameters: Readonly<Record<string, string>>
  /** Of the one script that the page's policy lets run. */
  readonly nonce: string
}

/** OAuth 2.0 Form Post Response Mode: posts itself, or by its button where no script runs. */
export const formPostPage = ({ frame, action, parameters, nonce }: FormPostView): Html => {
  const { texts } = frame
  return layout(
    texts.moment.title,
    frame,
    html`<h1>${texts.moment.heading}</h1>
      <p class="lead">${texts.moment.back}</p>
      <form method="post" action="${action}">
        ${Object.entries(parameters).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" /> `)}
        <button type="submit">${texts.moment.submit}</button>
      </form>
      <script nonce="${nonce}">
        document.forms[0].submit()
      </script>`,
  )
}
