import type { PersonKeys } from '../../keys/person-keys.js'
import { visitorsOf } from '../../keys/visitor.js'
import type { RefreshTokenFilter } from '../queries/refresh-token-filter.js'
import type { RevocationRequested } from './revocation.events.js'

type DeviceFilter = Pick<RefreshTokenFilter, 'initialIp' | 'initialUserAgent' | 'lastIp' | 'lastUserAgent'>
type Stored = Pick<RevocationRequested, 'selected' | 'device'>

/** What is kept of a filter: addresses and browsers under a key of the day, which ages out with the log. */
export async function sealSelection(keys: PersonKeys, filter: RefreshTokenFilter): Promise<Stored> {
  const { initialIp, initialUserAgent, lastIp, lastUserAgent, ...selected } = filter
  const device = Object.entries({ initialIp, initialUserAgent, lastIp, lastUserAgent }).filter(([, value]) => value !== undefined)
  if (device.length === 0) return { selected, device: null }
  return { selected, device: await keys.seal(visitorsOf(), Object.fromEntries(device)) }
}

/** The filter again; undefined where its key is gone, and nobody knows any more which device was meant. */
export async function openSelection(keys: PersonKeys, { selected, device }: Stored): Promise<RefreshTokenFilter | undefined> {
  if (device === null) return selected
  const opened = await keys.open<DeviceFilter>(device)
  return opened && { ...selected, ...opened }
}

/** The filter, narrowed to what was issued up to `before`. */
export const meantBy = (filter: RefreshTokenFilter, before: string): RefreshTokenFilter => ({
  ...filter,
  issuedTo: filter.issuedTo !== undefined && Date.parse(filter.issuedTo) < Date.parse(before) ? filter.issuedTo : before,
})
