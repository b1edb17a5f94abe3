import { createHash } from 'node:crypto'
import type { PersonalData } from '../../event-store/event.js'
import type { PersonKeys } from '../../keys/person-keys.js'
import { normalizedEmail } from './email.js'
import type { UserProfile } from './user.events.js'

/** What of a profile is personal, and so encrypted at rest. */
export const PERSONAL = [
  'email',
  'username',
  'phone_number',
  'name',
  'nickname',
  'given_name',
  'family_name',
  'picture',
  'user_metadata',
  'app_metadata',
] as const
export type PersonalMember = (typeof PERSONAL)[number]

export type UserMetadata = Readonly<Record<string, unknown>>

/** What can be set of a user, in clear. Member names are Auth0's (spec/management-api.md §2.7). */
export interface Attributes {
  readonly email?: string
  readonly email_verified?: boolean
  readonly username?: string
  readonly phone_number?: string
  readonly phone_verified?: boolean
  readonly blocked?: boolean
  readonly name?: string
  readonly nickname?: string
  readonly given_name?: string
  readonly family_name?: string
  readonly picture?: string
  readonly user_metadata?: UserMetadata
  readonly app_metadata?: UserMetadata
}

/** The spelling in which values are kept: Auth0 lower-cases addresses and user names. */
export function normalized<T extends { readonly email?: string | null; readonly username?: string | null }>(attributes: T): T {
  const { email, username } = attributes
  return {
    ...attributes,
    ...(typeof email === 'string' && { email: normalizedEmail(email) }),
    ...(typeof username === 'string' && { username: username.normalize('NFC').toLowerCase() }),
  }
}

/** Auth0's defaults: the name is the address, the nickname its local part, the picture what Gravatar has for it. */
export function withDefaults(attributes: Attributes): Attributes {
  const { email, username, phone_number } = attributes
  const name = email ?? username ?? phone_number
  if (name === undefined) return attributes
  return { name, nickname: username ?? name.split('@')[0]!, ...(email !== undefined && { picture: gravatar(email) }), ...attributes }
}

/** Seals what is personal. `current`: under the key of now, for somebody who may bear the id of somebody erased. */
export async function sealAttributes(keys: PersonKeys, userId: string, attributes: Attributes, { current = false } = {}): Promise<Partial<UserProfile>> {
  const sealed = await Promise.all(
    Object.entries(attributes).map(async ([member, value]): Promise<[string, unknown]> => {
      return [member, isPersonal(member) ? await keys.seal(userId, value, { current }) : (value as unknown)]
    }),
  )
  return Object.fromEntries(sealed)
}

/** Opens people's profiles, keys by one query; undefined for somebody who is being erased. */
export async function openProfiles(keys: PersonKeys, profiles: readonly UserProfile[], members: readonly PersonalMember[] = PERSONAL): Promise<Attributes[]> {
  const places = profiles.flatMap((profile, n) => members.filter((member) => profile[member] !== undefined).map((member) => ({ n, member })))
  const values = await keys.openMany<unknown>(places.map(({ n, member }) => profiles[n]![member] as PersonalData))
  const opened = profiles.map(({ email_verified, phone_verified, blocked }): Record<string, unknown> => ({ email_verified, phone_verified, blocked }))
  places.forEach(({ n, member }, at) => (opened[n]![member] = values[at]))
  return opened.map((attributes) => Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as Attributes)
}

const isPersonal = (member: string): member is PersonalMember => (PERSONAL as readonly string[]).includes(member)

const gravatar = (email: string): string => `https://s.gravatar.com/avatar/${createHash('md5').update(email).digest('hex')}?s=480&r=pg&d=identicon`
