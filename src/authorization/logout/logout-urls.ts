import { SCRIPTS } from '../redirect-uri.js'

interface Parts {
  /** Lower case, as is the host: all of it that may be written in two ways. */
  readonly origin: string
  readonly path: string
  readonly query: string
}

/**
 * Whether people may be sent on to this address after a logout (spec/oauth.md §13): the whole text is compared with each registered one, but for
 * the case of scheme and host. `ignoreQuery` leaves query and fragment out of it, as /v2/logout does. A `*` stands for one label of the host.
 */
export function isAllowedLogoutUrl(url: string, allowed: readonly string[], { ignoreQuery }: { readonly ignoreQuery: boolean }): boolean {
  const asked = partsOf(url)
  if (!asked) return false
  return allowed.some((registered) => {
    const known = partsOf(registered)
    return known && asked.path === known.path && (ignoreQuery || asked.query === known.query) && isSameOrigin(asked.origin, known.origin)
  })
}

function partsOf(url: string): Parts | undefined {
  // A backslash, a space or a control character is read differently by different programs.
  // eslint-disable-next-line no-control-regex -- they are what is refused
  if (/[\u0000-\u0020\u007f\\]/.test(url)) return undefined
  const [, scheme, authority = '', path = '', query = ''] = /^([a-z][a-z0-9+.-]*:)(\/\/[^/?#]*)?([^?#]*)(.*)$/i.exec(url) ?? []
  if (scheme === undefined || SCRIPTS.has(scheme.toLowerCase())) return undefined
  // What a browser shows as the host must be it: no names and passwords before it.
  if (authority.includes('@')) return undefined
  return { origin: (scheme + authority).toLowerCase(), path: path === '' && authority !== '' ? '/' : path, query }
}

function isSameOrigin(asked: string, known: string): boolean {
  if (asked === known) return !asked.includes('*')
  const [, knownScheme, knownRest] = /^([a-z0-9+.-]+:\/\/)\*(\.[^*]+)$/.exec(known) ?? []
  const [, scheme, label, rest] = /^([a-z0-9+.-]+:\/\/)([a-z0-9-]{1,63})(\..+)$/.exec(asked) ?? []
  return label !== undefined && scheme === knownScheme && rest === knownRest
}
