import { isEmail } from 'class-validator'
import type { Origin } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { type Attributes, type ListedUser, openProfiles, type UserMetadata } from '../../users/index.js'
import { AnyObject, Flag, Required, Text } from '../validation/rules.js'

const EMAIL = { format: ['email', (text: string) => isEmail(text)] } as const
const PHONE = { pattern: /^\+[0-9]{1,15}$/ }
const URI = { max: 2048, format: ['strict-uri', (text: string) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)] } as const
/** Longer ones only cost time. */
const PASSWORD = { min: 1, max: 1000 }

/** The body of POST /users. */
export class CreateUserBody {
  @Required() @Text({ min: 1, max: 128 }) readonly connection!: string
  @Text(EMAIL) readonly email?: string
  @Text(PHONE) readonly phone_number?: string
  @Text({ min: 1, max: 128 }) readonly username?: string
  @Text(PASSWORD) readonly password?: string
  @Text({ min: 1, max: 255, pattern: /^\S+$/ }) readonly user_id?: string
  @Flag() readonly email_verified?: boolean
  @Flag() readonly phone_verified?: boolean
  @Flag() readonly verify_email?: boolean
  @Flag() readonly blocked?: boolean
  @Text({ min: 1, max: 300 }) readonly name?: string
  @Text({ min: 1, max: 150 }) readonly given_name?: string
  @Text({ min: 1, max: 150 }) readonly family_name?: string
  @Text({ min: 1, max: 300 }) readonly nickname?: string
  @Text(URI) readonly picture?: string
  @AnyObject() readonly user_metadata?: UserMetadata
  @AnyObject() readonly app_metadata?: UserMetadata
}

const nullable = true

/** The body of PATCH /users/{id}; null unsets. */
export class UpdateUserBody {
  @Text({ min: 1, max: 128 }) readonly connection?: string
  @Text({ min: 1, max: 64 }) readonly client_id?: string
  @Text({ ...EMAIL, nullable }) readonly email?: string | null
  @Text({ ...PHONE, nullable }) readonly phone_number?: string | null
  @Text({ min: 1, max: 128, nullable }) readonly username?: string | null
  @Text({ ...PASSWORD, nullable }) readonly password?: string | null
  @Flag({ nullable }) readonly email_verified?: boolean | null
  @Flag({ nullable }) readonly phone_verified?: boolean | null
  @Flag({ nullable }) readonly verify_email?: boolean | null
  @Flag({ nullable }) readonly verify_phone_number?: boolean | null
  @Flag({ nullable }) readonly verify_password?: boolean | null
  @Flag({ nullable }) readonly blocked?: boolean | null
  @Text({ min: 1, max: 300, nullable }) readonly name?: string | null
  @Text({ min: 1, max: 150, nullable }) readonly given_name?: string | null
  @Text({ min: 1, max: 150, nullable }) readonly family_name?: string | null
  @Text({ min: 1, max: 300, nullable }) readonly nickname?: string | null
  @Text({ ...URI, nullable }) readonly picture?: string | null
  @AnyObject({ nullable }) readonly user_metadata?: UserMetadata | null
  @AnyObject({ nullable }) readonly app_metadata?: UserMetadata | null
}

/** Members of both bodies that are attributes of the user. */
export const ATTRIBUTES = [
  'email',
  'email_verified',
  'username',
  'phone_number',
  'phone_verified',
  'blocked',
  'name',
  'nickname',
  'given_name',
  'family_name',
  'picture',
  'user_metadata',
  'app_metadata',
] as const satisfies readonly (keyof Attributes)[]

/** Opens users and shows them as Auth0 does: members without a value are left out. */
export async function showUsers(keys: PersonKeys, users: readonly ListedUser[]): Promise<object[]> {
  const logins = users.map(({ last_origin }) => last_origin).filter((origin) => origin !== null)
  const [people, origins] = await Promise.all([
    openProfiles(
      keys,
      users.map(({ document }) => document),
    ),
    keys.openMany<Origin>(logins),
  ])
  return users.map((user, n) => {
    const { user_id, document, created_at, updated_at, password_changed_at, last_login, logins_count, last_origin } = user
    const last_ip = last_origin === null ? undefined : origins[logins.indexOf(last_origin)]?.ip
    return {
      created_at,
      ...people[n],
      identities: document.identities.map(({ connection, user_id, provider, isSocial }) => ({ connection, user_id, provider, isSocial })),
      updated_at,
      user_id,
      ...(password_changed_at && { last_password_reset: password_changed_at }),
      ...(last_ip !== undefined && { last_ip }),
      ...(last_login && { last_login, logins_count }),
    }
  })
}
