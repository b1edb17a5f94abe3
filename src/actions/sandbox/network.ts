import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isAllowedHost } from '../../http/allowed-host.js'

/** What Actions may reach (docs/adr/0007-actions.md). */
export interface NetworkPolicy {
  /** `open`: any public address; else what an Action's own list and the installation's name. */
  readonly mode: 'deny' | 'open'
  readonly allowedHosts: readonly string[]
  /** For development: also addresses that are not public. */
  readonly privateTargets: boolean
}

/** IPv4 ranges that lead into this machine or its network. */
const PRIVATE_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
]
const PRIVATE_IPV6 = ['::/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23', '2002::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8']

/** Whether an Action with this list can reach anything: what it did there cannot be done again. */
export const reachesNetwork = (policy: NetworkPolicy, allowedHosts: readonly string[]): boolean =>
  policy.mode === 'open' || policy.allowedHosts.length + allowedHosts.length > 0

/**
 * The engine's arguments for an Action's list; none: no network at all. IPv4 answers of name servers are checked by the engine, after
 * resolution and again at each redirect. It knows no IPv6 ranges, so names that have such an address now are left out.
 */
export async function networkFlags(policy: NetworkPolicy, allowedHosts: readonly string[]): Promise<string[]> {
  if (!reachesNetwork(policy, allowedHosts)) return []
  const denied = policy.privateTargets ? [] : [`--deny-net=${[...PRIVATE_IPV4, '[::]', '[::1]', ...ownAddresses()].join(',')}`]
  if (policy.mode === 'open') return ['--allow-net', ...denied]
  const wanted = [...new Set([...policy.allowedHosts, ...allowedHosts].map((entry) => entry.toLowerCase()))].filter(isAllowedHost)
  const safe = await Promise.all(wanted.map(async (entry) => (policy.privateTargets || (await isPublic(entry.replace(/:\d+$/, ''))) ? withPorts(entry) : [])))
  const allowed = safe.flat()
  return allowed.length === 0 ? [] : [`--allow-net=${allowed.join(',')}`, ...denied]
}

/** What names no port means the web's. */
const withPorts = (entry: string): string[] => (/:\d+$/.test(entry) ? [entry] : [`${entry}:80`, `${entry}:443`])

/** A wildcard cannot be asked for: whoever allows it answers for the domain. A name that cannot be found reaches nothing. */
async function isPublic(host: string): Promise<boolean> {
  if (host.startsWith('*.')) return true
  const addresses = isIP(host) ? [{ address: host }] : await lookup(host, { all: true }).catch(() => [])
  return addresses.every(({ address }) => !isPrivateAddress(address))
}

const privateRanges = new BlockList()
for (const [family, ranges] of [
  ['ipv4', PRIVATE_IPV4],
  ['ipv6', PRIVATE_IPV6],
] as const) {
  for (const range of ranges) {
    const [address, prefix] = range.split('/') as [string, string]
    privateRanges.addSubnet(address, Number(prefix), family)
  }
}

export const isPrivateAddress = (address: string): boolean => privateRanges.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** Also a public address of this machine leads to services that trust it. */
function ownAddresses(): string[] {
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return own.map(({ address, family }) => (family === 'IPv6' ? `[${address.replace(/%.*$/, '')}]` : address)).filter((address) => address !== '[::1]')
}
