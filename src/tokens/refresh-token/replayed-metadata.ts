import { isDeepStrictEqual } from 'node:util'
import { MetadataError, type MetadataOperation, replayMetadata } from '../../actions/index.js'
import type { PersonalData } from '../../event-store/event.js'
import type { PersonKeys } from '../../keys/person-keys.js'
import type { AttachedMetadata } from '../../metadata.js'

/**
 * What Actions' operations make of a refresh token's metadata, sealed; nothing where it stays as it is. Applied to what is stored when the tokens
 * are, so that neither an exchange at the same time nor an operator's change loses a key (spec/actions.md §4.4). `problem`, with Auth0's text: all
 * of it together would break the limits.
 */
export async function replayedMetadata(
  keys: PersonKeys,
  userId: string,
  stored: PersonalData | null,
  operations: readonly MetadataOperation[],
): Promise<{ readonly metadata?: PersonalData | null } | { readonly problem: string }> {
  if (operations.length === 0) return {}
  const before = stored === null ? {} : await keys.open<AttachedMetadata>(stored)
  if (!before) return {}
  try {
    const after = replayMetadata(before, operations)
    if (isDeepStrictEqual(after, before)) return {}
    return { metadata: Object.keys(after).length > 0 ? await keys.seal(userId, after) : null }
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error
    return { problem: `Failed to set refresh token metadata: Invalid metadata: ${error.message}` }
  }
}
