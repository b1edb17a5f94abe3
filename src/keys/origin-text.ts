import type { Origin } from '../event-store/event.js'

/**
 * What browsers' names share. Each stands as one control character, the first as the one after zero: so the list may grow at its end, up to 31, and
 * never change otherwise, since stored values are read with it.
 */
const PHRASES = [
  'Mozilla/5.0 (',
  'X11; Linux x86_64',
  'Windows NT 10.0; Win64; x64',
  'Macintosh; Intel Mac OS X 10_15_7',
  'iPhone; CPU iPhone OS ',
  'iPad; CPU OS ',
  'Linux; Android ',
  '; K)',
  ' like Mac OS X',
  ') AppleWebKit/537.36 (KHTML, like Gecko) ',
  ') AppleWebKit/605.1.15 (KHTML, like Gecko) ',
  'Chrome/',
  'Version/',
  '.0.0.0',
  ' Mobile',
  ' Safari/537.36',
  ' Safari/604.1',
  ' Safari/605.1.15',
  '/15E148',
  ' Edg/',
  ' OPR/',
  'CriOS/',
  'SamsungBrowser/',
  ') Gecko/20100101 Firefox/',
  '; rv:',
  '; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/',
  ' CFNetwork/',
  ' Darwin/',
]
const ANY_PHRASE = new RegExp(
  [...PHRASES]
    .sort((a, b) => b.length - a.length)
    .map((phrase) => phrase.replace(/[.()/]/g, '\\$&'))
    .join('|'),
  'g',
)
const CHARACTERS = new Map(PHRASES.map((phrase, n) => [phrase, String.fromCharCode(n + 1)]))
// eslint-disable-next-line no-control-regex -- they stand for phrases
const CONTROL = /[\x01-\x1f]/g
// eslint-disable-next-line no-control-regex -- as above, and what UTF-8 might not keep
const UNFIT = /[\x00-\x1f\ud800-\udfff]/
const END = '\0'

/** Writes an origin in a fifth of the length that its JSON has; undefined for what it could not be read from again, and for all other values. */
export function originText(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 2) return undefined
  const { ip, userAgent } = value as Partial<Record<keyof Origin, unknown>>
  if (typeof ip !== 'string' || typeof userAgent !== 'string' || UNFIT.test(ip) || UNFIT.test(userAgent)) return undefined
  return ip + END + userAgent.replace(ANY_PHRASE, (phrase) => CHARACTERS.get(phrase)!) + END
}

/** What follows it, such as padding with zeros, is passed over. */
export function readOriginText(text: string): Origin {
  const [ip = '', userAgent = ''] = text.split(END, 2)
  return { ip, userAgent: userAgent.replace(CONTROL, (character) => PHRASES[character.charCodeAt(0) - 1] ?? '') }
}
