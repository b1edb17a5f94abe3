/**
 * Whether two addresses are the same but for spelling, query and fragment (RFC 9449 §4.3; RFC 3986 §6.2.2 and §6.2.3): case of scheme and
 * host, the scheme's own port, dot segments, an empty path, and percent-encoding within a segment. `expected` is ours.
 */
export function sameAddress(given: string, expected: string): boolean {
  const address = normalised(given)
  return address !== undefined && address === normalised(expected)
}

function normalised(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, username, password, host, pathname } = new URL(text)
  if (username !== '' || password !== '') return undefined
  return `${protocol}//${host}${pathname.split('/').map(segment).join('/')}`
}

/** One spelling of a segment; what is no UTF-8 stays as it is, but for the case of its escapes. */
function segment(text: string): string {
  try {
    return encodeURIComponent(decodeURIComponent(text))
  } catch {
    return text.replace(/%[0-9a-f]{2}/gi, (escape) => escape.toUpperCase())
  }
}
