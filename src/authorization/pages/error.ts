import { type Html, html } from '../../http/html.js'
import { layout, type PageFrame } from './layout.js'

interface ErrorView {
  readonly frame: PageFrame
  readonly code: string
  readonly description: string
  /** Where the application starts a login anew. */
  readonly startUrl?: string | undefined
}

export const errorPage = ({ frame, code, description, startUrl }: ErrorView): Html => {
  const { texts } = frame
  return layout(
    texts.error.title,
    frame,
    html`<h1>${texts.error.heading}</h1>
      <p class="lead">${texts.error.lead}</p>
      <div role="alert">
        <p>${description}</p>
        <code>${code}</code>
      </div>
      ${
        startUrl === undefined
          ? html`<p class="foot">${texts.error.tryAgain}</p>`
          : html`<a class="button" href="${startUrl}">${texts.error.backToApplication}</a>`
      }`,
  )
}
