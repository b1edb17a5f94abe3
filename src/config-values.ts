import { X509Certificate, createPrivateKey } from 'node:crypto'
import { accessSync, closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { validateHeaderValue } from 'node:http'
import { isIP, isIPv4 } from 'node:net'
import proxyAddr from 'proxy-addr'
import { isAllowedHost } from './http/allowed-host.js'

/** Turns a variable's text into its value, or throws a WrongValue that says what is wrong with it. */
export type Read<T> = (text: string) => T

export class WrongValue extends Error {}

const quoted = (text: string): string => JSON.stringify(text)

export const text: Read<string> = (value) => value

export const integer =
  (min: number, max = Number.MAX_SAFE_INTEGER): Read<number> =>
  (value) => {
    const number = Number(value)
    if (/^-?\d+$/.test(value) && number >= min && number <= max) return number
    throw new WrongValue(`${quoted(value)} is not a whole number ${max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`}`)
  }

export const oneOf =
  <const T extends string>(...choices: readonly T[]): Read<T> =>
  (value) => {
    const choice = choices.find((known) => known === value)
    if (choice === undefined) throw new WrongValue(`${quoted(value)} is not one of ${choices.join(', ')}`)
    return choice
  }

/** One or more of the choices, separated by commas. */
export const someOf =
  <const T extends string>(...choices: readonly T[]): Read<readonly T[]> =>
  (value) => {
    const items = value.split(',').map((item) => oneOf(...choices)(item.trim()))
    if (new Set(items).size < items.length) throw new WrongValue(`${quoted(value)} names one twice`)
    return Object.freeze(items)
  }

export const flag: Read<boolean> = (value) => oneOf('true', 'false')(value) === 'true'

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'))

/** Plain http would let anyone on the way read tokens, so it is for this machine alone. */
export const issuer =
  (servesTls: boolean): Read<string> =>
  (value) => {
    const url = attempt(() => new URL(value), `${quoted(value)} is not a URL`)
    if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new WrongValue(`${quoted(value)} is neither https nor http`)
    if (!value.endsWith('/')) throw new WrongValue(`${quoted(value)} lacks its trailing slash`)
    if (url.username || url.password || url.search || url.hash || url.pathname !== '/')
      throw new WrongValue('the issuer has a scheme, a host and perhaps a port, nothing else')
    if (!/^(\[.+\]|[\w.-]+)$/.test(url.hostname)) throw new WrongValue(`${quoted(url.hostname)} is not a host's name`)
    if (url.href !== value) throw new WrongValue(`${quoted(value)} is not in its normal form, which is ${url.href}`)
    if (url.protocol === 'http:' && servesTls) throw new WrongValue(`${quoted(value)} must begin with https because TLS_CERT_FILE is set`)
    if (url.protocol === 'http:' && !isLoopback(url.hostname)) throw new WrongValue('an http issuer is accepted for loopback hosts only')
    return value
  }

/** The message never repeats the value, which holds a password. */
export const databaseUrl: Read<string> = (value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url?.protocol !== 'postgres:' && url?.protocol !== 'postgresql:') throw new WrongValue('is not a postgres:// URL')
  return value
}

/** Newest first. The message never repeats the value. */
export const encryptionKeys: Read<readonly Buffer[]> = (value) => {
  const parts = value.split(',').map((part) => part.trim())
  const keys = parts.map((part, index) => {
    const key = Buffer.from(part, 'base64')
    const which = parts.length > 1 ? `key ${index + 1} of ${parts.length}` : 'the key'
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(part)) throw new WrongValue(`${which} is not base64`)
    if (key.length !== 32) throw new WrongValue(`${which} has ${key.length} bytes instead of 32`)
    return key
  })
  if (new Set(keys.map(String)).size < keys.length) throw new WrongValue('it holds one key twice')
  return Object.freeze(keys)
}

const PROXY_GROUPS = ['loopback', 'linklocal', 'uniquelocal']

/** Checked item by item, so that the wrong one is named. */
export const trustedProxies: Read<readonly string[]> = (value) => {
  const items = value.split(',').map((item) => item.trim())
  for (const item of items) {
    try {
      proxyAddr.compile(item)
      // It takes numbers for addresses: 1, which elsewhere counts proxies, for 0.0.0.1.
      if (!PROXY_GROUPS.includes(item) && isIP(item.split('/')[0]!) === 0) throw new WrongValue('a number')
    } catch {
      throw new WrongValue(`${quoted(item)} is not an address, a CIDR range, or one of loopback, linklocal, uniquelocal`)
    }
  }
  return Object.freeze(items)
}

/** Headers that HTTP itself or this service needs for something else. */
const TAKEN_HEADERS = ['authorization', 'connection', 'content-length', 'content-type', 'cookie', 'dpop', 'host', 'origin', 'transfer-encoding']

/** In lower case, as Node has them. */
export const headerName: Read<string> = (value) => {
  const name = value.toLowerCase()
  if (!/^[\w!#$%&'*+.^`|~-]{1,64}$/.test(name)) throw new WrongValue(`${quoted(value)} is not the name of a header`)
  if (TAKEN_HEADERS.includes(name)) throw new WrongValue(`${quoted(value)} has another meaning already`)
  return name
}

/** The message never repeats the value. */
export const headerValue: Read<string> = (value) => {
  attempt(() => validateHeaderValue('value', value), 'holds characters that no header can hold')
  return value
}

export const readableFile: Read<string> = (file) => {
  reading(file, () => accessSync(file, constants.R_OK))
  return file
}

/** How a database of MaxMind's format ends: this, and at most so much about itself. */
const MMDB_MARK = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')
const MMDB_END_BYTES = 128 * 1024

export const mmdbFile: Read<string> = (value) => {
  const file = readableFile(value)
  if (!endOf(file, MMDB_END_BYTES).includes(MMDB_MARK)) throw new WrongValue(`${quoted(file)} is not a MaxMind database`)
  return file
}

export const certificateIn: Read<X509Certificate> = (file) => attempt(() => new X509Certificate(readFileSync(file)), `${quoted(file)} is not a PEM certificate`)

/** A pair that does not fit would fail each handshake, long after the start. */
export function checkKeyPair(certificate: X509Certificate, keyFile: string): void {
  const key = attempt(() => createPrivateKey(readFileSync(keyFile)), `${quoted(keyFile)} is not an unencrypted PEM private key`)
  if (!certificate.checkPrivateKey(key)) throw new WrongValue(`${quoted(keyFile)} is not the key of the certificate in TLS_CERT_FILE`)
}

export const email: Read<string> = (value) => {
  if (!/^[^@\s]+@[^@\s]+$/.test(value)) throw new WrongValue(`${quoted(value)} is not an e-mail address`)
  return value
}

/** As a request can bear it (RFC 6750 §2.1, read generously). The message never repeats the value. */
export const bearerToken =
  (atLeast: number): Read<string> =>
  (value) => {
    if (value.length < atLeast) throw new WrongValue(`is shorter than ${atLeast} characters`)
    if (!/^[!-~]+$/.test(value)) throw new WrongValue('holds blanks or other characters that no bearer token can hold')
    return value
  }

/** Entries as isAllowedHost takes them, separated by commas. */
export const hostList: Read<readonly string[]> = (value) => {
  const items = value.split(',').map((item) => item.trim().toLowerCase())
  const wrong = items.find((item) => !isAllowedHost(item))
  if (wrong !== undefined) throw new WrongValue(`${quoted(wrong)} is not a host name, with or without a port`)
  return Object.freeze(items)
}

export const webUrl: Read<string> = (value) => {
  const url = attempt(() => new URL(value), `${quoted(value)} is not a URL`)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new WrongValue(`${quoted(value)} is neither https nor http`)
  return value
}

function reading<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new WrongValue(`${quoted(file)} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

function endOf(file: string, bytes: number): Buffer {
  return reading(file, () => {
    const descriptor = openSync(file, 'r')
    try {
      const end = Buffer.alloc(bytes)
      return end.subarray(0, readSync(descriptor, end, 0, bytes, Math.max(0, fstatSync(descriptor).size - bytes)))
    } finally {
      closeSync(descriptor)
    }
  })
}

function attempt<T>(make: () => T, problem: string): T {
  try {
    return make()
  } catch {
    throw new WrongValue(problem)
  }
}

/** A server and its credentials. The message never repeats the value. */
export const natsUrl: Read<string> = (value) => {
  const url = attempt(() => new URL(value), 'is not a URL')
  if (!/^(nats|tls):$/.test(url.protocol) || url.hostname === '') throw new WrongValue('is not the address of a NATS server')
  return value
}
