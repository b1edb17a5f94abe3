/**
 * Metadata of refresh tokens and sessions as Actions change it (spec/actions.md §3.5, §3.6). Both sides of the sandbox use these rules: inside,
 * so that the Action hears of its mistake; outside, because nothing that comes out of a sandbox is believed.
 */
export type MetadataOperation =
  { readonly op: 'set'; readonly key: string; readonly value: string } | { readonly op: 'delete'; readonly key: string } | { readonly op: 'evict' }

export type Metadata = Readonly<Record<string, string>>

/** The message is Auth0's, without the prefix that names what was changed. */
export class MetadataError extends Error {}

const MAX_ENTRIES = 25
/** UTF-16 units, as JavaScript counts. */
const MAX_LENGTH = 255

/** What `setMetadata(key, value)` asks for: null deletes. Errors: MetadataError. */
export function metadataOperation(key: unknown, value: unknown): MetadataOperation {
  if (typeof key !== 'string') throw new MetadataError('Metadata key must be a string')
  if (value === null) return { op: 'delete', key }
  if (typeof value !== 'string') throw new MetadataError('Metadata value must be a string')
  return { op: 'set', key, value }
}

/** The metadata after the operation. Errors: MetadataError for the first thing wrong with the whole, in the order of §3.5. */
export function changedMetadata(metadata: Metadata, operation: MetadataOperation): Metadata {
  switch (operation.op) {
    case 'evict':
      return {}
    case 'delete':
      return Object.fromEntries(Object.entries(metadata).filter(([key]) => key !== operation.key))
    case 'set': {
      const changed = { ...metadata, [operation.key]: operation.value }
      checkMetadata(changed)
      return changed
    }
  }
}

/** The metadata after all operations. Errors: MetadataError. */
export const replayMetadata = (metadata: Metadata, operations: readonly MetadataOperation[]): Metadata => operations.reduce(changedMetadata, metadata)

function checkMetadata(metadata: Metadata): void {
  const keys = Object.keys(metadata)
  const values = Object.values(metadata)
  const refuse = (broken: boolean, rule: string): void => {
    if (broken) throw new MetadataError(rule)
  }
  refuse(keys.length > MAX_ENTRIES, `Metadata must not contain more than ${MAX_ENTRIES} entries`)
  refuse(
    keys.some((key) => key.length > MAX_LENGTH),
    `All metadata keys must be at most ${MAX_LENGTH} characters long`,
  )
  refuse(
    keys.some((key) => key.includes('\0')),
    'Metadata keys must not contain null bytes (\\x00)',
  )
  refuse(
    // No name for a member: it is dropped on every way into and out of a sandbox.
    keys.some((key) => !/^[a-zA-Z0-9_-]{1,255}$/.test(key) || key === '__proto__'),
    'Metadata keys may only include letters, numbers, underscores, or hyphens',
  )
  refuse(
    values.some((value) => value.length > MAX_LENGTH),
    `All metadata values must be at most ${MAX_LENGTH} characters long`,
  )
  refuse(
    values.some((value) => value.includes('\0')),
    'Metadata values must not contain null bytes (\\x00)',
  )
}
