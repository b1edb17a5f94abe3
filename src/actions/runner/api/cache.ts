import { type CacheRecords, changedCache, livingRecords } from '../../rules/cache.js'
import type { Build } from './build.js'
import { give } from './give.js'

/** More writes than a full cache has entries serve nobody. */
const MAX_WRITES = 20

/** `api.cache` (spec/actions.md §3.3): it never throws. */
export function cacheApi(build: Build): object {
  let records: CacheRecords = build.context.cache
  let writes = 0
  const failed = (code: string): object => ({ type: 'error', code })
  return {
    get: (key: unknown) => {
      const living = livingRecords(records, Date.now())
      return Object.hasOwn(living, String(key)) ? { ...living[String(key)] } : undefined
    },
    set: (key: unknown, value: unknown, options: unknown) => {
      if (typeof key !== 'string' || typeof value !== 'string') return failed('FailedToSetCacheRecord')
      if (++writes > MAX_WRITES) return failed('MaxSideEffectsExceeded')
      const changed = changedCache(records, key, value, options ?? {}, Date.now())
      if ('code' in changed) return failed(changed.code)
      records = changed.records
      give(build, { type: 'cache.set', key, record: changed.record })
      return { type: 'success', record: { ...changed.record } }
    },
    delete: (key: unknown) => {
      const name = String(key)
      if (!Object.hasOwn(livingRecords(records, Date.now()), name)) return failed('CacheKeyDoesNotExist')
      records = Object.fromEntries(Object.entries(records).filter(([known]) => known !== name))
      give(build, { type: 'cache.delete', key: name })
      return { type: 'success' }
    },
  }
}
