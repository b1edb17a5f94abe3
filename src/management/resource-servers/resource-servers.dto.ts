import type { ListedResourceServer, PossessionPolicy, ResourceServerDocument } from '../../authorization/index.js'
import { SIGNING_ALGORITHMS } from '../../keys/signature.js'
import { type CallerOf, reveal } from '../caller.js'
import { type Fields, pick } from '../paging/fields.js'
import { AnyList, Flag, Int, Nested, NestedList, OneOf, ReadOnly, Required, Text } from '../validation/rules.js'

class ScopeBody {
  @Required()
  @Text({ min: 1, max: 280, pattern: /^[^\s"\\]+$/ })
  value!: string

  @Text({ max: 500, nullable: true })
  description?: string | null
}

class ProofOfPossessionBody {
  @Required()
  @OneOf(['mtls', 'dpop', 'none'])
  mechanism!: PossessionPolicy['mechanism']

  @Required()
  @Flag()
  required!: boolean

  @OneOf(['public_clients', 'all_clients'])
  required_for?: 'public_clients' | 'all_clients'
}

class EncryptionKey {
  @Text({ max: 128 })
  name?: string

  @Required()
  @OneOf(['RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512'])
  alg!: string

  @Text({ max: 128 })
  kid?: string

  @Required()
  @Text({ max: 4096 })
  pem!: string
}

export class TokenEncryption {
  @Required()
  @OneOf(['compact-nested-jwe'])
  format!: string

  @Required()
  @Nested(() => EncryptionKey)
  encryption_key!: EncryptionKey
}

export class UserAccess {
  @OneOf(['allow_all', 'deny_all', 'require_client_grant'])
  policy?: string
}

class ClientAccess {
  @OneOf(['deny_all', 'require_client_grant'])
  policy?: string
}

/** Who may ask for tokens for an API. */
class SubjectTypeAuthorization {
  @Nested(() => UserAccess)
  user?: UserAccess

  @Nested(() => ClientAccess)
  client?: ClientAccess

  @Nested(() => ClientAccess)
  anonymous_user?: ClientAccess
}

class AuthorizationPolicy {
  @Required()
  @Text({ min: 1, max: 100 })
  policy_id!: string
}

/** What both creating and changing an API may set (spec/management-api.md §2.3). */
class ResourceServerFields {
  @Text({ max: 200, pattern: /^[^<>]*$/ })
  name?: string

  @NestedList(() => ScopeBody, { max: 1000 })
  scopes?: ScopeBody[]

  /** ES256 and EdDSA are ours. */
  @OneOf(['HS256', ...SIGNING_ALGORITHMS])
  signing_alg?: string

  @Text({ min: 16, max: 512 })
  signing_secret?: string

  @Flag()
  allow_offline_access?: boolean

  @Flag()
  allow_online_access?: boolean

  @Flag()
  allow_online_access_with_ephemeral_sessions?: boolean

  @Int({ min: 0, max: 2_592_000 })
  token_lifetime?: number

  @Int({ min: 0, max: 2_592_000 })
  token_lifetime_for_web?: number

  @Int({ min: 0, max: 2_592_000, nullable: true })
  token_lifetime_for_anonymous_access_tokens?: number | null

  @OneOf(['access_token', 'access_token_authz', 'rfc9068_profile', 'rfc9068_profile_authz'])
  token_dialect?: string

  @Flag()
  enforce_policies?: boolean

  @Flag()
  skip_consent_for_verifiable_first_party_clients?: boolean

  @Nested(() => TokenEncryption, { nullable: true })
  token_encryption?: TokenEncryption | null

  @OneOf(['transactional-authorization-with-mfa'], { nullable: true })
  consent_policy?: string | null

  @AnyList({ nullable: true })
  authorization_details?: unknown[] | null

  @Nested(() => ProofOfPossessionBody, { nullable: true })
  proof_of_possession?: ProofOfPossessionBody | null

  @Nested(() => SubjectTypeAuthorization, { nullable: true })
  subject_type_authorization?: SubjectTypeAuthorization | null

  @Nested(() => AuthorizationPolicy, { nullable: true })
  authorization_policy?: AuthorizationPolicy | null

  @ReadOnly()
  id?: unknown
  @ReadOnly()
  is_system?: unknown
  @ReadOnly()
  client_id?: unknown
}

export class CreateResourceServerBody extends ResourceServerFields {
  @Required()
  @Text({ min: 1, max: 600 })
  identifier!: string
}

export class UpdateResourceServerBody extends ResourceServerFields {
  /** Clients send back what they read; it never changes. */
  @ReadOnly()
  identifier?: unknown
}

/** An API as it is answered. Notes a secret that is shown. */
export function showResourceServer({ document, signingSecret }: ListedResourceServer, caller: CallerOf, fields?: Fields): object {
  const secret = signingSecret !== undefined && document.signing_alg === 'HS256' && { signing_secret: signingSecret }
  const picked = pick({ ...document, ...secret }, fields)
  if ('signing_secret' in picked) reveal(caller, 'signing_secret')
  return picked
}

/** What a body sets; null takes a member away. */
export function settings({ signing_secret: _, scopes, ...rest }: ResourceServerFields): Partial<ResourceServerDocument> {
  const set = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, value ?? undefined]))
  return { ...set, ...(scopes && { scopes: scopes.map(({ value, description }) => ({ value, ...(description && { description }) })) }) }
}
