/** A `User-Agent` header as Auth0's log shows it (spec/logs.md §1.1). */
interface UserAgent {
  readonly text: string
  readonly isMobile: boolean
}

type Pattern = readonly [name: string, pattern: RegExp]

/** The first that matches: the later ones are in the header of the earlier ones too. */
const BROWSERS: readonly Pattern[] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\/([\d.]+)/],
  ['Opera', /\bOPR\/([\d.]+)/],
  ['Samsung Internet', /\bSamsungBrowser\/([\d.]+)/],
  ['Firefox iOS', /\bFxiOS\/([\d.]+)/],
  ['Firefox', /\bFirefox\/([\d.]+)/],
  ['Chrome Mobile iOS', /\bCriOS\/([\d.]+)/],
  ['HeadlessChrome', /\bHeadlessChrome\/([\d.]+)/],
  ['Chrome Mobile', /\bChrome\/([\d.]+) Mobile\b/],
  ['Chrome', /\bChrome\/([\d.]+)/],
  ['Mobile Safari', /\bVersion\/([\d.]+) Mobile\b.*\bSafari\//],
  ['Safari', /\bVersion\/([\d.]+) Safari\//],
  ['Node.js', /^(?:Node\.js|node)\/v?([\d.]+)/],
  ['curl', /^curl\/([\d.]+)/],
]

const SYSTEMS: readonly Pattern[] = [
  ['Windows', /\bWindows NT ([\d.]+)/],
  ['iOS', /\b(?:iPhone |iPad; |CPU )OS (\d[\d_]*)/],
  ['Android', /\bAndroid (\d[\d.]*)/],
  ['Mac OS X', /\bMac OS X (\d[\d_.]*)/],
  ['Chrome OS', /\bCrOS \S+ ([\d.]+)/],
  ['Linux', /\bLinux\b()/],
]

const MOBILE = /\bMobi|\bAndroid\b|\biPhone\b|\biPad\b/

/** `Chrome 120.0.0 / Mac OS X 10.15.7`; what is not known is `Other 0.0.0`. */
export function parseUserAgent(header: string): UserAgent {
  return { text: `${find(BROWSERS, header)} / ${find(SYSTEMS, header)}`, isMobile: MOBILE.test(header) }
}

function find(patterns: readonly Pattern[], header: string): string {
  for (const [name, pattern] of patterns) {
    const match = pattern.exec(header)
    if (match) return `${name} ${version(match[1] ?? '')}`
  }
  return 'Other 0.0.0'
}

const version = (text: string): string => [...text.split(/[._]/).filter((part) => part !== ''), '0', '0', '0'].slice(0, 3).join('.')
