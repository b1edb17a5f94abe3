/** A value that Actions of one trigger share for a while (spec/actions.md §3.3). `expires_at`: epoch ms. Member names are Auth0's. */
export interface CacheRecord {
  readonly value: string
  readonly expires_at: number
}
export type CacheRecords = Readonly<Record<string, CacheRecord>>

type CacheErrorCode = 'CacheKeySizeExceeded' | 'CacheValueSizeExceeded' | 'CacheSizeExceeded' | 'InvalidExpiry' | 'ItemAlreadyExpired'

const MAX_KEY_BYTES = 64
const MAX_VALUE_BYTES = 4096
/** Auth0 documents 8 KB and allows this. */
const MAX_TOTAL_BYTES = 16_640
const MAX_ENTRIES = 20
const DEFAULT_TTL_MS = 15 * 60_000
const MAX_TTL_MS = 24 * 3_600_000

/** The records with this one set, or why not. `ttl` is in ms and `expires_at` in epoch ms; the earlier one counts. */
export function changedCache(
  records: CacheRecords,
  key: string,
  value: string,
  { ttl, expires_at }: { readonly ttl?: unknown; readonly expires_at?: unknown },
  now: number,
): { readonly records: CacheRecords; readonly record: CacheRecord } | { readonly code: CacheErrorCode } {
  if (bytes(key) > MAX_KEY_BYTES) return { code: 'CacheKeySizeExceeded' }
  if (bytes(value) > MAX_VALUE_BYTES) return { code: 'CacheValueSizeExceeded' }
  const ends = [ttl === undefined ? undefined : asNumber(ttl) + now, expires_at === undefined ? undefined : asNumber(expires_at)].filter(
    (end) => end !== undefined,
  )
  if (ends.some(Number.isNaN)) return { code: 'InvalidExpiry' }
  const end = Math.min(...(ends.length > 0 ? ends : [now + DEFAULT_TTL_MS]), now + MAX_TTL_MS)
  if (end <= now) return { code: 'ItemAlreadyExpired' }
  const record = { value, expires_at: end }
  const changed = { ...livingRecords(records, now), [key]: record }
  const size = Object.entries(changed).reduce((sum, [name, member]) => sum + bytes(name) + bytes(member.value), 0)
  if (Object.keys(changed).length > MAX_ENTRIES || size > MAX_TOTAL_BYTES) return { code: 'CacheSizeExceeded' }
  return { records: changed, record }
}

/** Those that have not expired. */
export const livingRecords = (records: CacheRecords, now: number): CacheRecords =>
  Object.fromEntries(Object.entries(records).filter(([, { expires_at }]) => expires_at > now))

const asNumber = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : Number.NaN)

const bytes = (text: string): number => new TextEncoder().encode(text).length
