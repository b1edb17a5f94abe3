/** What a person sees: one answer of the service, read as a browser without scripts would. */
export interface Page {
  readonly status: number
  readonly headers: Headers
  readonly html: string
  /** Where a redirect goes; undefined for a page. */
  readonly location: URL | undefined
  /** The text of what has role=alert. */
  readonly alert: string | undefined
}

/** A browser's manners without a browser: it keeps cookies, follows no redirect by itself, and submits forms with their hidden fields. */
export class Visitor {
  readonly cookies = new Map<string, string>()

  constructor(
    readonly base: string,
    private readonly fetch: typeof globalThis.fetch = globalThis.fetch,
  ) {}

  async get(path: string | URL, headers: Record<string, string> = {}): Promise<Page> {
    return this.#send(path, { method: 'GET', headers })
  }

  async post(path: string | URL, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Page> {
    return this.#send(path, { method: 'POST', headers, body: new URLSearchParams(fields) })
  }

  /** Sends the page's form with its hidden fields and these. */
  submit(page: Page, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Page> {
    const [, action] = /<form method="post" action="([^"]*)">/.exec(page.html) ?? []
    if (action === undefined) throw new Error(`no form on this page: ${page.status} ${page.html}`)
    return this.post(unescape(action), { ...hiddenFields(page), ...fields }, headers)
  }

  async #send(path: string | URL, init: RequestInit): Promise<Page> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(cookie && { cookie }), ...(init.headers as Record<string, string>) }
    const res = await this.fetch.call(undefined, new URL(path, this.base), { ...init, headers, redirect: 'manual' })
    for (const line of res.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
      if (/Expires=Thu, 01 Jan 1970/.test(line)) this.cookies.delete(name!)
      else this.cookies.set(name!, value!)
    }
    const location = res.headers.get('location')
    const html = await res.text()
    const [, alert] = /role="alert"[^>]*>(.*?)<\/div>/s.exec(html) ?? []
    return {
      status: res.status,
      headers: res.headers,
      html,
      location: location === null ? undefined : new URL(location, new URL(path, this.base)),
      alert: alert && unescape(alert.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')).trim(),
    }
  }
}

export const hiddenFields = ({ html }: Page): Record<string, string> =>
  Object.fromEntries(
    [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)" \/>/g)].map(([, name, value]) => [unescape(name!), unescape(value!)]),
  )

/** The parameters of an answer by redirect, in the query or the fragment. */
export function answerOf({ location }: Page): Record<string, string> {
  if (!location) throw new Error('not an answer by redirect')
  return Object.fromEntries(new URLSearchParams(location.hash ? location.hash.slice(1) : location.search))
}

const unescape = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
