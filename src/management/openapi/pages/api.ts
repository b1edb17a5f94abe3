import { Html, html } from '../../../http/html.js'
import type { ApiDocument, ApiOperation } from '../document.js'
import { STYLE } from './style.js'

type Entry = readonly [path: string, method: string, operation: ApiOperation]

/** To the letter, since its hash is in the page's policy; in a style element nothing is escaped. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`)

/** The description for people: every route with its scopes, parameters and body. It needs no script. */
export function apiPage({ info, servers, tags, paths }: ApiDocument): Html {
  const entries = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]): Entry => [path, method, operation]))
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${info.title}</title>
        <link rel="icon" href="data:," />
        ${STYLE_ELEMENT}
      </head>
      <body>
        <header>
          <h1>${info.title}</h1>
          <p>${info.description}</p>
          <p>At <code>${servers[0]?.url}</code>; for tools as <a href="openapi.json">OpenAPI</a>.</p>
          <nav aria-label="Resources">
            <ul>
              ${tags.map(({ name }) => html`<li><a href="#${name}">${name}</a></li>`)}
            </ul>
          </nav>
        </header>
        <main>${tags.map(({ name }) => resource(name, entries))}</main>
      </body>
    </html>`
}

const resource = (tag: string, entries: readonly Entry[]): Html =>
  html`<section aria-labelledby="${tag}">
    <h2 id="${tag}">${tag}</h2>
    ${entries.filter(([, , { tags }]) => tags[0] === tag).map(route)}
  </section>`

const route = ([path, method, operation]: Entry): Html =>
  html`<details>
    <summary><b>${method.toUpperCase()}</b> <code>${path}</code> <span>${operation.summary}</span></summary>
    <dl>
      <dt>Scopes</dt>
      <dd>${scopesOf(operation)}</dd>
      ${operation.parameters.length > 0 && html`<dt>Parameters</dt>`}
      ${operation.parameters.map(({ name, in: where, description }) => html`<dd><code>${name}</code> (${where}) ${description}</dd>`)} ${bodyOf(operation)}
      <dt>Answers</dt>
      <dd>${Object.keys(operation.responses).join(', ')}</dd>
    </dl>
  </details>`

/** Alternatives, each of one scope or of several that are needed together. */
const scopesOf = ({ security }: ApiOperation): readonly Html[] =>
  security.map((alternative, n) => html`${n > 0 && ' or '}${Object.values(alternative)[0]!.map((scope, m) => html`${m > 0 && ' and '}<code>${scope}</code>`)}`)

function bodyOf({ requestBody }: ApiOperation): Html | undefined {
  if (!requestBody) return undefined
  const text = JSON.stringify(requestBody.content['application/json'].schema, null, 2)
  return html`<dt>Body (JSON schema)</dt>
    <dd><pre tabindex="0">${text}</pre></dd>`
}
