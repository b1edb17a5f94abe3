import type { PersonalData } from '../event-store/event.js'
import type { UserProfile } from '../users/index.js'

/** What is known of a person, still encrypted where it is personal. */
export interface Person {
  readonly profile: UserProfile
  readonly createdAt: string
  readonly updatedAt: string
}

type OpenMany = (values: readonly PersonalData[]) => Promise<unknown[]>

/** Which scope brings which claims (OIDC Core §5.4); Auth0 takes the name of a claim as a scope, too. */
const CLAIMS: Readonly<Record<string, readonly string[]>> = {
  profile: ['name', 'given_name', 'family_name', 'nickname', 'picture', 'updated_at'],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  ...Object.fromEntries(
    'name given_name family_name nickname picture email_verified phone_number created_at identities'.split(' ').map((claim) => [claim, [claim]]),
  ),
}

/** Claims that a profile has under another name or in another form. */
const DERIVED: Readonly<Record<string, (person: Person) => unknown>> = {
  phone_number_verified: ({ profile }) => profile.phone_verified,
  created_at: ({ createdAt }) => new Date(createdAt).toISOString(),
  updated_at: ({ updatedAt }) => new Date(updatedAt).toISOString(),
  identities: ({ profile }) => profile.identities.map(({ provider, user_id, connection, isSocial }) => ({ provider, user_id, connection, isSocial })),
}

/** The claims about a person that a scope asks for, of those that are known; nothing that was erased. */
export async function profileClaims(person: Person, scope: readonly string[], open: OpenMany): Promise<Record<string, unknown>> {
  const stored: Readonly<Record<string, unknown>> = { ...person.profile }
  const wanted = new Set(scope.flatMap((name) => (Object.hasOwn(CLAIMS, name) ? CLAIMS[name]! : [])))
  const known = [...wanted].map((claim): [string, unknown] => [claim, DERIVED[claim] ? DERIVED[claim](person) : stored[claim]])
  const sealed = known.filter(([claim, value]) => SEALED.has(claim) && value !== undefined)
  const opened = sealed.length > 0 ? await open(sealed.map(([, value]) => value as PersonalData)) : []
  const values = new Map([...known, ...sealed.map(([claim], n): [string, unknown] => [claim, opened[n]])])
  return Object.fromEntries([...values].filter(([, value]) => value !== undefined && value !== null))
}

const SEALED: ReadonlySet<string> = new Set(['name', 'given_name', 'family_name', 'nickname', 'picture', 'email', 'phone_number'])
