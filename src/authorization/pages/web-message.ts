import { Html, html } from '../../http/html.js'
import { layout, type PageFrame } from './layout.js'

interface WebMessageView {
  readonly frame: PageFrame
  /** The one origin that may hear the answer. */
  readonly targetOrigin: string
  readonly parameters: Readonly<Record<string, string>>
  /** Of the one script that the page's policy lets run. */
  readonly nonce: string
}

/** Tells the answer to the window that asked: the one that opened this one, or that has it in a frame (spec/oauth.md §4.4). */
export const webMessagePage = ({ frame, targetOrigin, parameters, nonce }: WebMessageView): Html => {
  const { texts } = frame
  return layout(
    texts.moment.title,
    frame,
    html`<h1>${texts.moment.heading}</h1>
      <p class="lead">${texts.moment.close}</p>
      <script nonce="${nonce}">
        const asker = window.opener ?? (window.parent === window ? null : window.parent)
        asker?.postMessage(${literal({ type: 'authorization_response', response: parameters })}, ${literal(targetOrigin)})
      </script>`,
  )
}

/** A value as script that ends neither the script nor a line of it. */
const literal = (value: unknown): Html =>
  new Html(JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`))
