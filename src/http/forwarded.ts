import { isIPv4, isIPv6 } from 'node:net'
import type { RequestHandler } from 'express'
import { parse } from 'forwarded-parse'

/** Headers that say the same in the older way. */
const OLDER = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host']

/** Whether an address is a trusted proxy's. */
type IsTrusted = (address: string, hop: number) => boolean

/** What of `X-Forwarded-For` are addresses: some proxies add ports, which are another with each connection. Who stands before what is none came from there. */
export function addressesOf(header: string): string {
  const addresses = header.split(',').map((node) => (isIPv6(node.trim()) ? node.trim() : addressOf(node.trim())))
  return addresses.slice(addresses.lastIndexOf(undefined) + 1).join(', ')
}

/**
 * Reads `Forwarded` (RFC 7239) of trusted proxies and writes what it says in the older headers, from which everything else learns it. Where a request
 * has one of those it is passed over: most proxies write only them, and let through a `Forwarded` that the client has made up. Of `X-Forwarded-For` it
 * leaves the addresses.
 */
export function readForwarded(isTrusted: IsTrusted): RequestHandler {
  return ({ headers, socket }, _res, next) => {
    const { forwarded } = headers
    if (forwarded !== undefined && !OLDER.some((name) => name in headers)) {
      const { ip, proto, host } = told(forwarded, socket.remoteAddress ?? '', isTrusted)
      if (ip !== undefined) headers['x-forwarded-for'] = ip
      if (proto !== undefined) headers['x-forwarded-proto'] = proto
      if (host !== undefined) headers['x-forwarded-host'] = host
    }
    const older = headers['x-forwarded-for']
    if (typeof older === 'string') headers['x-forwarded-for'] = addressesOf(older)
    next()
  }
}

interface Told {
  readonly ip?: string
  readonly proto?: string
  readonly host?: string
}

/**
 * What trusted proxies say of where a request came from, and by which address; of several the one that is farthest from here. Each element was written
 * by whom the next one names, the last by the peer; behind an address that is hidden (`unknown`, `_…`) nobody can be trusted. What is not well-formed
 * says nothing.
 */
export function told(header: string, peer: string, isTrusted: IsTrusted): Told {
  let writer = peer
  let found: Told = {}
  for (const [hop, { for: node, proto, host }] of elements(header).reverse().entries()) {
    if (!isTrusted(writer, hop)) break
    const ip = addressOf(node)
    found = {
      ...found,
      ...(ip !== undefined && { ip }),
      ...(proto !== undefined && /^https?$/i.test(proto) && { proto: proto.toLowerCase() }),
      ...(host !== undefined && /^[\w.:[\]-]{1,255}$/.test(host) && { host }),
    }
    if (ip === undefined) break
    writer = ip
  }
  return found
}

function elements(header: string): Record<string, string>[] {
  try {
    return parse(header)
  } catch {
    return []
  }
}

/** RFC 7239 §6: an IPv6 address stands in brackets, and either may have a port. */
function addressOf(node = ''): string | undefined {
  const [, v6 = '', v4 = ''] = /^(?:\[(.*)\]|([\d.]+))(?::\w+)?$/.exec(node) ?? []
  return isIPv6(v6) ? v6 : isIPv4(v4) ? v4 : undefined
}
