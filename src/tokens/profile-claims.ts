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

/** The claims about a person that a scope asks for, of those that are known; nothing that was erased. */
export async function profileClaims({ profile, createdAt, updatedAt }: Person, scope: readonly string[], open: OpenMany): Promise<Record<string, unknown>> {
  const { phone_verified, identities } = profile
  const known: Record<string, unknown> = {
    ...profile,
    phone_number_verified: phone_verified,
    created_at: new Date(createdAt).toISOString(),
    updated_at: new Date(updatedAt).toISOString(),
    identities: identities.map(({ provider, user_id, connection, isSocial }) => ({ provider, user_id, connection, isSocial })),
  }
  const wanted = [...new Set(scope.flatMap((name) => (Object.hasOwn(CLAIMS, name) ? CLAIMS[name]! : [])))].filter((claim) => known[claim] !== undefined)
  const sealed = wanted.filter((claim) => SEALED.has(claim))
  const opened = sealed.length > 0 ? await open(sealed.map((claim) => known[claim] as PersonalData)) : []
  const values = new Map<string, unknown>(wanted.map((claim) => [claim, known[claim]]))
  sealed.forEach((claim, n) => values.set(claim, opened[n]))
  return Object.fromEntries([...values].filter(([, value]) => value !== undefined && value !== null))
}

const SEALED: ReadonlySet<string> = new Set(['name', 'given_name', 'family_name', 'nickname', 'picture', 'email', 'phone_number'])
