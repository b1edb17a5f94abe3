import { isIP } from 'node:net'

/** A range of addresses, as operators write it: an address of either kind, or a network with how many of its first bits count. */
interface AddressRange {
  readonly network: string
  readonly bits: number
  readonly family: 'ipv4' | 'ipv6'
}

/** Undefined for what is no such range. */
export function addressRange(text: string): AddressRange | undefined {
  const [, network = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const version = isIP(network)
  const all = version === 4 ? 32 : 128
  const bits = prefix === undefined ? all : Number(prefix)
  return version === 0 || network.includes('%') || bits > all ? undefined : { network, bits, family: version === 4 ? 'ipv4' : 'ipv6' }
}
