import { BlockList, isIP } from 'node:net'
import type { TenantSettings } from '../tenant/tenant.events.js'
import { addressRange } from './address-range.js'

/** Auth0's number of wrong passwords for one account from one address. */
const MAX_FAILURES = 10

/** How often a wrong password may be tried: that often for an account from one address, or from all of them together. */
export interface LoginLimit {
  readonly failures: number
  readonly perAddress: boolean
}

/** The tenant's brute-force protection, as far as it was set (spec/management-api.md §2.16). */
interface Protection {
  readonly enabled?: boolean
  readonly shields?: readonly string[]
  readonly allowlist?: readonly string[]
  readonly mode?: string
  readonly max_attempts?: number
}

/** What limits logging in to an account from an address, or to whatever address; undefined where the tenant's settings take the limit away. */
export function loginLimit(settings: TenantSettings, address?: string): LoginLimit | undefined {
  const { enabled = true, shields = ['block'], allowlist = [], mode, max_attempts = MAX_FAILURES } = (settings['brute_force_protection'] ?? {}) as Protection
  if (!enabled || !shields.includes('block')) return undefined
  if (address !== undefined && isAllowed(address, allowlist)) return undefined
  return { failures: max_attempts, perAddress: mode !== 'count_per_identifier' }
}

function isAllowed(address: string, allowlist: readonly string[]): boolean {
  const version = isIP(address)
  if (version === 0) return false
  const allowed = new BlockList()
  for (const entry of allowlist) {
    const range = addressRange(entry)
    if (range) allowed.addSubnet(range.network, range.bits, range.family)
  }
  return allowed.check(address, `ipv${version as 4 | 6}`)
}
