import xxhash, { type XXHashAPI } from 'xxhash-wasm'
import type { PersonalFields } from '../../../audit/log-stream/log-stream.events.js'

/** Which members each choice means, wherever they stand in an event (spec/logs.md §5.4). */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  first_name: ['first_name', 'given_name', 'name'],
  last_name: ['last_name', 'family_name', 'name'],
  username: ['username', 'user_name'],
  email: ['email'],
  phone: ['phone', 'phone_number', 'old_phone_number', 'new_phone_number'],
  address: ['address'],
}

/** As long for every value: its length says something too. */
const MASK = '*****'

let loaded: Promise<XXHashAPI> | undefined

/**
 * A copy of an event in which the chosen members are masked, or hashed by xxHash64 (hex), and an address that stands in one of them wherever it stands:
 * as a name of the user it is in what the user typed as well. Other texts are concealed by their place alone, since people may call themselves as an
 * event is called. Empty texts and null stay: they tell of nobody.
 */
export async function withoutPersonalFields(event: unknown, { log_fields, method = 'mask' }: PersonalFields): Promise<unknown> {
  const names = new Set(log_fields.flatMap((field) => MEMBERS[field] ?? []))
  const { h64ToString } = await (loaded ??= xxhash())
  const addresses = new Set<unknown>()
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [name, member] of Object.entries(value)) {
      if (names.has(name) && typeof member === 'string' && member.includes('@')) addresses.add(member)
      collect(member)
    }
  }
  collect(event)
  const conceal = (value: unknown): unknown => {
    if (value === '' || value === null || value === undefined) return value
    return method === 'mask' ? MASK : h64ToString(typeof value === 'string' ? value : JSON.stringify(value))
  }
  const copy = (value: unknown): unknown => {
    if (addresses.has(value)) return conceal(value)
    if (Array.isArray(value)) return value.map(copy)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, names.has(name) ? conceal(member) : copy(member)]))
  }
  return copy(event)
}
