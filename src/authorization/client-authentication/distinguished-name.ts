import { createRequire } from 'node:module'
import type { X509Certificate } from 'node:crypto'
import type * as X509 from '@peculiar/x509'

/** Loaded at the first certificate: its parser is large, and most services never see one. */
const load = createRequire(import.meta.url)

/** One attribute: its type's object identifier, and its value. */
interface Attribute {
  readonly oid: string
  readonly value: string
}

/** A distinguished name, the most general part first, as certificates have it; a part may have several attributes, in no order. */
export type DistinguishedName = readonly (readonly Attribute[])[]

/** A text that is no distinguished name. */
export class InvalidNameError extends Error {}

/** RFC 4514 §3, and further names that certificates of clients often have (RFC 4519, PKCS #9, eIDAS). */
const OIDS: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  C: '2.5.4.6',
  STREET: '2.5.4.9',
  DC: '0.9.2342.19200300.100.1.25',
  UID: '0.9.2342.19200300.100.1.1',
  SN: '2.5.4.4',
  GN: '2.5.4.42',
  GIVENNAME: '2.5.4.42',
  SERIALNUMBER: '2.5.4.5',
  TITLE: '2.5.4.12',
  DNQUALIFIER: '2.5.4.46',
  POSTALCODE: '2.5.4.17',
  BUSINESSCATEGORY: '2.5.4.15',
  ORGANIZATIONIDENTIFIER: '2.5.4.97',
  EMAILADDRESS: '1.2.840.113549.1.9.1',
  E: '1.2.840.113549.1.9.1',
}
const NAMES = new Map(
  Object.entries(OIDS)
    .reverse()
    .map(([name, oid]) => [oid, name]),
)

/**
 * A distinguished name as text, the most special part first (RFC 4514 §2.1); spaces around separators are passed over (§3, as in RFC 2253).
 * A text of several lines is OpenSSL's and Node's: a part on each, the most general first. Errors: InvalidNameError.
 */
export function parseName(text: string): DistinguishedName {
  const parts = text.includes('\n') ? text.split(/\r?\n/).filter((line) => line.trim() !== '') : split(text, ',').reverse()
  return parts.map((part) => split(part, '+').map(parseAttribute))
}

/** The subject of a certificate. Errors: InvalidNameError for one with values that are no text. */
export function subjectOf({ raw }: X509Certificate): DistinguishedName {
  load('reflect-metadata')
  const { X509Certificate: ParsedCertificate } = load('@peculiar/x509') as typeof X509
  const { asn } = new ParsedCertificate(raw).subjectName as unknown as { readonly asn: readonly (readonly ParsedAttribute[])[] }
  return [...asn].map((part) =>
    [...part].map(({ type, value }) => {
      if (value.anyValue) throw new InvalidNameError('a value that is no text')
      return { oid: type, value: value.toString() }
    }),
  )
}

/** What the library makes of an attribute, as far as it is used here. */
interface ParsedAttribute {
  readonly type: string
  readonly value: { readonly anyValue?: ArrayBuffer; toString(): string }
}

/** Whether a text can be compared with the subjects of certificates. */
export function isDistinguishedName(text: string): boolean {
  return orUndefined(() => parseName(text)) !== undefined
}

/** The subject of a certificate as text (RFC 4514 §2); undefined for one that cannot be compared. */
export function subjectName(certificate: X509Certificate): string | undefined {
  return orUndefined(() => formatName(subjectOf(certificate))) || undefined
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof InvalidNameError) return undefined
    throw error
  }
}

/** As text (RFC 4514 §2). */
export function formatName(name: DistinguishedName): string {
  return [...name]
    .reverse()
    .map((part) => part.map(({ oid, value }) => `${NAMES.get(oid) ?? oid}=${escaped(value)}`).join('+'))
    .join(',')
}

/** RFC 5280 §7.1: part by part, the attributes of each in any order, values without regard to case and to the number of spaces. */
export const isSameName = (a: DistinguishedName, b: DistinguishedName): boolean => a.length > 0 && canonical(a) === canonical(b)

const canonical = (name: DistinguishedName): string => JSON.stringify(name.map((part) => part.map(({ oid, value }) => `${oid}=${prepared(value)}`).sort()))

/** RFC 4518 §2. */
const prepared = (value: string): string => value.normalize('NFKC').toLowerCase().normalize('NFKC').trim().replaceAll(/\s+/g, ' ')

function parseAttribute(text: string): Attribute {
  const [, type = '', raw = ''] = /^ *([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+) *= *(.*)$/s.exec(text) ?? []
  const oid = /^\d/.test(type) ? type : OIDS[type.toUpperCase()]
  if (oid === undefined) throw new InvalidNameError(`unknown attribute ${type.slice(0, 64)}`)
  const value = unescaped(raw)
  if (value === '') throw new InvalidNameError(`attribute ${type} without a value`)
  return { oid, value }
}

/** RFC 4514 §2.4: what is escaped, and UTF-8 bytes by their hexadecimal digits. */
function unescaped(raw: string): string {
  if (raw.startsWith('#')) throw new InvalidNameError('values in hexadecimal form are not read')
  const bytes: Buffer[] = []
  const trimmed = raw.replace(/^((?:\\.|[^\\])*?) *$/s, '$1')
  for (const [, hex, special, plain] of trimmed.matchAll(/\\([0-9A-Fa-f]{2})|\\([ "#+,;<=>\\])|([^\\"+,;<>\0])|(.)/gsu)) {
    const part = hex !== undefined ? Buffer.from(hex, 'hex') : (special ?? plain)
    if (part === undefined) throw new InvalidNameError('a character that must be escaped')
    bytes.push(Buffer.from(part))
  }
  const value = Buffer.concat(bytes)
  const text = value.toString('utf8')
  if (!Buffer.from(text).equals(value)) throw new InvalidNameError('a value that is not UTF-8')
  return text
}

function escaped(value: string): string {
  const characters = [...value]
  const isEdge = (n: number): boolean => n === 0 || n === characters.length - 1
  return characters
    .map((character, n) => {
      if (/[\0\r\n]/.test(character)) return `\\${Buffer.from(character).toString('hex')}`
      return /[\\"+,;<>]/.test(character) || (character === ' ' && isEdge(n)) || (character === '#' && n === 0) ? `\\${character}` : character
    })
    .join('')
}

/** At the separators that are not escaped. */
function split(text: string, separator: string): string[] {
  const parts: string[] = ['']
  for (const [token] of text.matchAll(/\\.|[^]/gsu)) {
    if (token === separator) parts.push('')
    else parts[parts.length - 1] += token
  }
  return parts
}
