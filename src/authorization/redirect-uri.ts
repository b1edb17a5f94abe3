import type { ClientDocument } from './client/client.events.js'

/** Schemes that a browser runs instead of going there. */
export const SCRIPTS = new Set(['javascript:', 'data:', 'vbscript:', 'about:', 'blob:', 'file:'])
const LOOPBACK = /^(http:)\/\/(127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/

interface Parts {
  /** Lower case, as is the host, which is all of it that may be written in two ways. */
  readonly scheme: string
  readonly authority: string
  readonly rest: string
}

/**
 * Whether the client may be answered at this address (spec/oauth.md §4.2): the whole text is compared, but for the case of scheme and host.
 * A registered `*` stands for one label of the host, `{organization_name}` for the name of the organization that the person logs in to, where
 * there is one, and a native app's loopback address for any port (RFC 8252 §7.3).
 */
export function isRegistered(redirectUri: string, { callbacks, is_first_party, app_type }: ClientDocument, organizationName?: string): boolean {
  const asked = partsOf(redirectUri)
  // A registered `*` stands for a label, and is none.
  if (!asked || SCRIPTS.has(asked.scheme) || asked.authority.includes('*')) return false
  return (callbacks ?? []).some((callback) => {
    const address = inOrganization(callback, is_first_party ? organizationName : undefined)
    const known = address === undefined ? undefined : partsOf(address)
    if (!known || known.scheme !== asked.scheme || known.rest !== asked.rest) return false
    if (known.authority === asked.authority) return true
    if (app_type === 'native' && sameLoopback(asked, known)) return true
    return is_first_party && matchesWildcard(asked.authority, known.authority)
  })
}

/** Whether what answers at the address can be known: on a person's own machine any program may listen, or own the scheme (spec/oauth.md §4.7). */
export function isVerifiable(redirectUri: string): boolean {
  if (!URL.canParse(redirectUri)) return false
  const { protocol, hostname } = new URL(redirectUri)
  return /^https?:$/.test(protocol) && !/(^|\.)localhost\.?$|^127(\.\d+){3}$|^\[::1\]$/.test(hostname)
}

/** Whether a client has callbacks that depend on the organization. */
export const dependsOnOrganization = ({ callbacks, is_first_party }: ClientDocument): boolean =>
  is_first_party && (callbacks ?? []).some((callback) => callback.includes(ORGANIZATION_NAME))

/** A callback as it is for an organization; undefined for one that needs an organization and has none. The name stands only where a whole label is for it. */
export function inOrganization(callback: string, organizationName: string | undefined): string | undefined {
  if (!callback.includes(ORGANIZATION_NAME)) return callback
  const [, scheme, host, rest] = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)(.*)$/is.exec(callback) ?? []
  if (scheme === undefined || organizationName === undefined || rest!.includes(ORGANIZATION_NAME)) return undefined
  const labels = host!.split('.').map((label) => (label === ORGANIZATION_NAME ? organizationName : label))
  return labels.some((label) => label.includes(ORGANIZATION_NAME)) ? undefined : `${scheme}${labels.join('.')}${rest}`
}

const ORGANIZATION_NAME = '{organization_name}'

function partsOf(uri: string): Parts | undefined {
  // A backslash, a space or a control character is read differently by different programs; a fragment is refused by RFC 6749 §3.1.2.
  const [, scheme, authority, rest] = /^([a-z][a-z0-9+.-]*:)(\/\/[^/?#]*)?([^#]*)$/i.exec(uri) ?? []
  // eslint-disable-next-line no-control-regex -- they are what is refused
  if (scheme === undefined || /[\u0000-\u0020\u007f\\]/.test(uri)) return undefined
  return { scheme: scheme.toLowerCase(), authority: (authority ?? '').toLowerCase(), rest: rest ?? '' }
}

function sameLoopback(asked: Parts, known: Parts): boolean {
  const [, askedScheme, askedHost] = LOOPBACK.exec(asked.scheme + asked.authority) ?? []
  const [, knownScheme, knownHost] = LOOPBACK.exec(known.scheme + known.authority) ?? []
  return askedHost !== undefined && askedHost === knownHost && askedScheme === knownScheme
}

function matchesWildcard(asked: string, known: string): boolean {
  if (!known.startsWith('//*.') || known.indexOf('*', 3) !== -1) return false
  const [, label, rest] = /^\/\/([a-z0-9-]{1,63})(\..*)$/.exec(asked) ?? []
  return label !== undefined && rest === known.slice(3)
}
