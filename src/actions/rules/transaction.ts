/** What Actions hand to later Actions of the same transaction (spec/actions.md §3.1, §6.3). */
export type TransactionMetadata = Readonly<Record<string, string | number | boolean>>

const MAX_KEY = 64
const MAX_VALUE_BYTES = 8192
const MAX_TOTAL_BYTES = 16_384

/** The metadata with the value set, or without it where it is null. Errors: Error with the text for the Action. */
export function changedTransaction(metadata: TransactionMetadata, key: unknown, value: unknown): TransactionMetadata {
  if (typeof key !== 'string' || key.length > MAX_KEY) throw new Error(`Transaction metadata key must be a string of at most ${MAX_KEY} characters`)
  if (value === null) return Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== key))
  if (!isValue(value)) throw new Error('Transaction metadata value must be a string, number or boolean')
  if (bytes(value) > MAX_VALUE_BYTES) throw new Error(`Transaction metadata value exceeds ${MAX_VALUE_BYTES} bytes`)
  const changed = { ...metadata, [key]: value }
  const total = Object.entries(changed).reduce((sum, [name, member]) => sum + bytes(name) + bytes(member), 0)
  if (total > MAX_TOTAL_BYTES) throw new Error(`Transaction metadata total size exceeds ${MAX_TOTAL_BYTES} bytes`)
  return changed
}

function isValue(value: unknown): value is string | number | boolean {
  if (typeof value === 'number') return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
  return typeof value === 'string' || typeof value === 'boolean'
}

const bytes = (value: string | number | boolean): number => new TextEncoder().encode(String(value)).length
