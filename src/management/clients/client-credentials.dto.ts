import { Flag, Nested, NestedList, OneOf, Required, Text } from '../validation/rules.js'

/** What a key is told with, wherever it is brought. */
class CredentialMembers {
  @Text({ max: 128 })
  name?: string

  @Text({ max: 20_000 })
  pem?: string

  @Text({ max: 256 })
  subject_dn?: string

  @OneOf(['RS256', 'RS384', 'PS256'])
  alg?: string

  @Text({ pattern: /^[0-9a-zA-Z\-_]{10,64}$/ })
  kid?: string

  @Flag()
  parse_expiry_from_cert?: boolean

  @Text({ max: 40, nullable: true })
  expires_at?: string | null
}

/** A key that is brought with a new client, or the id of one that is there. */
export class CredentialReference extends CredentialMembers {
  @Text({ min: 1, max: 40 })
  id?: string

  @OneOf(['public_key', 'cert_subject_dn', 'x509_cert'])
  credential_type?: string
}

export class AuthenticationMethod {
  @Required()
  @NestedList(() => CredentialReference, { min: 1, max: 2 })
  credentials!: CredentialReference[]
}

export class AuthenticationMethods {
  @Nested(() => AuthenticationMethod)
  private_key_jwt?: AuthenticationMethod

  @Nested(() => AuthenticationMethod)
  tls_client_auth?: AuthenticationMethod

  @Nested(() => AuthenticationMethod)
  self_signed_tls_client_auth?: AuthenticationMethod
}

export class CreateCredentialBody extends CredentialMembers {
  @Required()
  @OneOf(['public_key', 'cert_subject_dn', 'x509_cert'])
  credential_type!: string
}

export class UpdateCredentialBody {
  @Required()
  @Text({ max: 40, nullable: true })
  expires_at!: string | null
}
