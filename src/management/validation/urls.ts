/** Formats of addresses in a client's settings, for `Text({ format: … })`. They allow Auth0's `{placeholders}` and `*` labels. */
type Format = readonly [string, (text: string) => boolean]

/** Schemes that run what stands in the address. */
const ACTIVE = /^(javascript|data|vbscript|blob|about):/i
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:(\/\/)?[^\s<>"\\^`]+$/i

export const ABSOLUTE_URI: Format = ['absolute-uri-or-empty', (text) => text === '' || (ABSOLUTE.test(text) && !ACTIVE.test(text))]

export const HTTPS_URI: Format = ['absolute-https-uri-or-empty', (text) => text === '' || /^https:\/\/[^\s<>"\\^`]+$/i.test(text)]

export const WEB_URI: Format = ['absolute-uri-or-empty', (text) => text === '' || /^https?:\/\/[^\s<>"\\^`]+$/i.test(text)]

/** Scheme, host and port, no path. */
export const ORIGIN: Format = ['origin-or-empty', (text) => text === '' || (/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#<>"\\^`]+\/?$/i.test(text) && !ACTIVE.test(text))]
