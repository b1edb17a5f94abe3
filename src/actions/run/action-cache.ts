import { Injectable } from '@nestjs/common'
import { changedCache, type CacheRecords, livingRecords } from '../rules/cache.js'
import type { Command } from '../rules/commands.js'

/** What `api.cache` keeps: per trigger and in this process alone, since a cache that is missed costs only what it saves. */
@Injectable()
export class ActionCache {
  readonly #records = new Map<string, CacheRecords>()

  of(trigger: string, now: number): CacheRecords {
    return livingRecords(this.#records.get(trigger) ?? {}, now)
  }

  /** Takes what fits: the limits were told to the Action where it asked. */
  apply(trigger: string, commands: readonly Command[], now: number): void {
    let records = this.of(trigger, now)
    for (const command of commands) {
      if (command.type === 'cache.delete') records = Object.fromEntries(Object.entries(records).filter(([key]) => key !== command.key))
      if (command.type !== 'cache.set') continue
      const { key, record } = command as { readonly key: unknown; readonly record?: { readonly value?: unknown; readonly expires_at?: unknown } }
      if (typeof key !== 'string' || typeof record?.value !== 'string' || key === '__proto__') continue
      const changed = changedCache(records, key, record.value, { expires_at: record.expires_at }, now)
      if ('records' in changed) records = changed.records
    }
    this.#records.set(trigger, records)
  }
}
