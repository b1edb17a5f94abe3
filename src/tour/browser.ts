import type { Answer, Caller } from './caller.js'
import { told } from './narrator.js'

/** A form as it stands on a page: where it goes, and what is filled in already. */
interface Form {
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
}

/** As much of a browser as a login needs: it keeps cookies, follows redirects within the service, and reads forms. */
export class Browser {
  readonly #cookies = new Map<string, string>()

  constructor(private readonly caller: Caller) {}

  /** Goes to an address; answers the page it ends on, or where it is sent outside the service. Errors: NotAsTold. */
  async open(path: string, expected: number): Promise<Answer> {
    const answer = await this.#go({ method: 'GET', path, expected })
    const next = this.#inside(answer)
    return next === undefined ? answer : this.open(next, 200)
  }

  /** Sends a form with what the person typed. Errors: NotAsTold. */
  submit(form: Form, typed: Readonly<Record<string, string>>, expected: number): Promise<Answer> {
    return this.#go({ method: 'POST', path: form.action, body: { type: 'form', members: { ...typed, ...form.fields, ...typed } }, expected })
  }

  async #go(call: Parameters<Caller['call']>[0]): Promise<Answer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await this.caller.call({ ...call, headers: cookie === '' ? {} : { cookie } })
    for (const header of answer.headers.getSetCookie()) {
      const [pair = '', ...attributes] = header.split(';')
      const [name = '', value = ''] = pair.split(/=(.*)/s)
      if (value === '' || attributes.some((attribute) => /^ *max-age=0$/i.test(attribute))) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return answer
  }

  #inside({ headers }: Answer): string | undefined {
    const location = headers.get('location')
    if (location === null) return undefined
    const { href } = new URL(location, this.caller.issuer)
    return href.startsWith(this.caller.issuer) ? href.slice(this.caller.issuer.length) : undefined
  }
}

/** Reads the page's form. Errors: NotAsTold when there is none. */
export function readForm({ text }: Answer): Form {
  const [, attributes, inner] = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(text) ?? []
  told(attributes !== undefined && inner !== undefined, 'there is no form on the page')
  const fields = [...inner.matchAll(/<input\b([^>]*)>/gi)]
    .map(([, input = '']) => ({ type: attribute(input, 'type'), name: attribute(input, 'name'), value: attribute(input, 'value') ?? '' }))
    .flatMap(({ type, name, value }) => (type === 'hidden' && name !== undefined ? [[name, value] as const] : []))
  return { action: (attribute(attributes, 'action') ?? '').replace(/^\//, ''), fields: Object.fromEntries(fields) }
}

/** What the page says in its element with role=alert. */
export const alertOf = ({ text }: Answer): string | undefined => {
  const found = /role="alert"[^>]*>([\s\S]*?)<\//.exec(text)?.[1]
  return found && unescaped(found.replace(/<[^>]*>/g, '').trim())
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`, 'i').exec(tag)?.[1]
  return value === undefined ? undefined : unescaped(value)
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" }
const unescaped = (text: string): string => text.replace(/&(#?\w+);/g, (entity, name: string) => ENTITIES[name] ?? entity)
