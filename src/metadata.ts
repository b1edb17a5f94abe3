/** What apps keep beside a refresh token or a session, as they see it; stored only sealed. */
export type AttachedMetadata = Readonly<Record<string, string>>

const MAX_ENTRIES = 25
const MAX_LENGTH = 255

/** The message is the exact text of spec/refresh-tokens.md §11. */
export class InvalidMetadataError extends Error {}

/** At most 25 entries; keys of 1–255 letters, digits, `_`, `-`; values up to 255 code points. Errors: InvalidMetadataError. */
export function checkMetadata(metadata: AttachedMetadata): void {
  const entries = Object.entries(metadata)
  const length = (text: string): number => [...text].length
  if (entries.length > MAX_ENTRIES || entries.some(([key, value]) => length(key) > MAX_LENGTH || length(value) > MAX_LENGTH)) {
    throw new InvalidMetadataError('Metadata must not exceed 25 entries. Each key and value must be ≤ 255 characters.')
  }
  if (entries.some(([key]) => !/^[A-Za-z0-9_-]+$/.test(key))) {
    throw new InvalidMetadataError('Metadata keys may only include letters, numbers, underscores, or hyphens')
  }
}
