import { isUserId } from './user-ids.js'
import { withoutSecrets } from './without-secrets.js'

/** Characters of a body that are kept, and of a member where the body is longer. */
const MAX_BODY = 16_384
const MAX_MEMBER = 1024

const MASK = '*****'
/** Members that tell what is configured and when, and of people no more than their ids. */
const HARMLESS =
  /^(id|user_id|client_id|connection|connection_id|organization_id|session_id|roles|provider|type|status|ttl_sec|logins_count|last_login|last_password_reset|\w+_at)$/
const NAME = /^\w{1,64}$/

/** What the log keeps of a body. `personal`: it may tell of a person, so names are kept, what is harmless, yes, no and null; the rest is masked. */
export function keptBody(body: unknown, personal: boolean): object | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  return fitting((personal ? masked(body) : withoutSecrets(body)) as object)
}

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked)
  if (typeof value !== 'object' || value === null) return MASK
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [NAME.test(name) ? name : '*', shown(name, member)]))
}

function shown(name: string, member: unknown): unknown {
  const value: unknown = member instanceof Date ? member.toJSON() : member
  return isHarmless(name, value) ? value : MASK
}

function isHarmless(name: string, member: unknown): boolean {
  if (member === null || member === undefined || typeof member === 'boolean') return true
  if (!HARMLESS.test(name)) return false
  if (typeof member === 'string') return !member.includes('@') || isUserId(member)
  return typeof member === 'number' || (Array.isArray(member) && member.every((item) => typeof item === 'string' && !item.includes('@')))
}

/** What is too long is cut, and says so. */
function fitting(body: object): object {
  const { length } = JSON.stringify(body)
  if (length <= MAX_BODY) return body
  const shortened = Object.fromEntries(Object.entries(body).map(([name, member]: [string, unknown]) => [name, fittingMember(member)]))
  return Array.isArray(body) || JSON.stringify(shortened).length > MAX_BODY ? { cut: cut(length) } : shortened
}

function fittingMember(member: unknown): unknown {
  const length = JSON.stringify(member)?.length ?? 0
  return length > MAX_MEMBER ? cut(length) : member
}

const cut = (length: number): string => `[cut: ${length} characters]`
