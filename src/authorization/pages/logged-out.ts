import { type Html, html } from '../../http/html.js'
import { layout, type PageFrame } from './layout.js'

export const loggedOutPage = ({ frame }: { readonly frame: PageFrame }): Html => {
  const { loggedOut } = frame.texts
  return layout(
    loggedOut.title,
    frame,
    html`<h1>${loggedOut.heading}</h1>
      <p class="lead">${loggedOut.explanation}</p>`,
  )
}
