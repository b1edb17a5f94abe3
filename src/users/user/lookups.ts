import type { LookupKey } from '../../keys/lookup-key.js'
import type { Attributes } from './attributes.js'

/** Compared without regard to case (spec/management-api.md §2.7, search). */
const CASE_INSENSITIVE = new Set(['email', 'email.domain', 'name', 'given_name', 'family_name', 'nickname'])
const TEXTS = ['email', 'username', 'phone_number', 'name', 'nickname', 'given_name', 'family_name', 'picture'] as const
/** Deeper or more than this is not found by: metadata may be anything. */
const MAX_METADATA_DEPTH = 8
const MAX_METADATA_VALUES = 500
/** Half of the hash tells values apart as well, in half the index. */
const BYTES = 16

/** What a user is unique by in a connection, and what they are searched by: keyed hashes (keys/lookup-key.ts). */
export interface UserLookups {
  readonly email: Buffer | null
  readonly username: Buffer | null
  readonly phoneNumber: Buffer | null
  readonly search: readonly Buffer[]
}

export async function lookupsOf(lookupKey: LookupKey, attributes: Attributes): Promise<UserLookups> {
  const { email, username, phone_number } = attributes
  return {
    email: email === undefined ? null : await lookupKey.of('email', email),
    username: username === undefined ? null : await lookupKey.of('username', username),
    phoneNumber: phone_number === undefined ? null : await lookupKey.of('phone_number', phone_number),
    search: await Promise.all([...searchable(attributes)].map(([path, value]) => searchLookup(lookupKey, path, value))),
  }
}

/** What stands in the column of somebody whose attribute has this value; without a value, of somebody who has the attribute at all. */
export async function searchLookup(lookupKey: LookupKey, path: string, value?: string): Promise<Buffer> {
  return (await lookupKey.of('attribute', JSON.stringify(value === undefined ? [path] : [path, comparable(path, value)]))).subarray(0, BYTES)
}

/** A text in the spelling that the attribute is compared in. */
export const comparable = (path: string, text: string): string => (CASE_INSENSITIVE.has(path) ? text.normalize('NFC').toLowerCase() : text)

/** Pairs of path and value; paths alone say that there is something. */
function* searchable(attributes: Attributes): Iterable<readonly [string, string?]> {
  for (const member of TEXTS) {
    const value = attributes[member]
    if (value === undefined) continue
    yield [member]
    yield [member, value]
  }
  const domain = attributes.email?.split('@').at(-1)
  if (domain !== undefined) yield* [['email.domain'], ['email.domain', domain]] as const
  yield* fromMetadata('user_metadata', attributes.user_metadata)
  yield* fromMetadata('app_metadata', attributes.app_metadata)
}

function* fromMetadata(root: string, metadata: unknown): Iterable<readonly [string, string?]> {
  const waiting: { readonly path: string; readonly value: unknown; readonly depth: number }[] = [{ path: root, value: metadata, depth: 0 }]
  const found = new Set<string>()
  const isNew = (...pair: string[]): boolean => found.size < found.add(JSON.stringify(pair)).size
  for (let next = waiting.pop(); next && found.size < MAX_METADATA_VALUES; next = waiting.pop()) {
    const { path, value, depth } = next
    if (value === undefined || value === null || depth > MAX_METADATA_DEPTH) continue
    if (isNew(path)) yield [path]
    if (Array.isArray(value)) for (const item of value as unknown[]) waiting.push({ path, value: item, depth: depth + 1 })
    else if (typeof value === 'object')
      for (const [name, item] of Object.entries(value)) waiting.push({ path: `${path}.${name}`, value: item as unknown, depth: depth + 1 })
    else {
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      if (isNew(path, text)) yield [path, text]
    }
  }
}
