import { type ClientChanges, CLIENT_DEFAULTS, type ClientCredential, type ClientDocument, isStrict } from '../../authorization/index.js'
import { ManagementError } from '../../http/management-error.js'
import type { AuthenticationMethods } from './client-credentials.dto.js'
import type { ClientFields, CreateClientBody, JwtConfiguration, UpdateClientBody } from './clients.dto.js'
import { withoutNulls } from '../members.js'
import { invalidBody, refusedBody, repeats } from '../validation/valid-body.js'
import { CREDENTIAL_TYPES } from './credentials.js'
import { defaultGrantTypes, THIRD_PARTY_GRANTS } from './grant-types.js'
import { refreshTokenSettings } from './refresh-token-settings.js'

const SECRET_METHODS = ['client_secret_post', 'client_secret_basic']
/** Of settings that are sent in part (spec/sessions.md §9). */
const SESSION_TRANSFER_DEFAULTS = {
  can_create_session_transfer_token: false,
  enforce_cascade_revocation: true,
  allowed_authentication_methods: [],
  enforce_device_binding: 'ip',
  allow_refresh_token: false,
  enforce_online_refresh_tokens: true,
}
const NOT_FOR_THIRD_PARTIES =
  'Organizations are only available to first party clients on user-based flows. Properties organization_usage and organization_require_behavior must be unset for third party clients.'

/** A new client's document, with what Auth0 fills in (spec/management-api.md §2.4). Errors: ManagementError. */
export function newClient(clientId: string, body: CreateClientBody, methods: object | undefined, managementApi: string): ClientDocument {
  const { client_secret: _, client_id: __, client_authentication_methods: ___, ...sent } = body
  const authMethod = sent.token_endpoint_auth_method ?? undefined
  if (methods && authMethod) throw bothMethods()
  const firstParty = sent.is_first_party ?? true
  const document = clean({
    ...CLIENT_DEFAULTS,
    ...named(sent),
    client_id: clientId,
    is_first_party: firstParty,
    token_endpoint_auth_method: authMethod,
    client_authentication_methods: methods,
    jwt_configuration: jwtConfiguration(sent.jwt_configuration, { withKeys: methods !== undefined, strict: isStrict(sent) }),
    session_transfer: sent.session_transfer && { ...SESSION_TRANSFER_DEFAULTS, ...sent.session_transfer },
    grant_types: sent.grant_types ?? defaultGrantTypes({ appType: sent.app_type, isPublic: authMethod === 'none', firstParty }),
    client_metadata: sent.client_metadata && withoutNulls(sent.client_metadata),
    refresh_token: refreshTokenSettings(sent.refresh_token, {
      sentSecretMethod: authMethod !== undefined && SECRET_METHODS.includes(authMethod),
      appType: sent.app_type,
      firstParty,
      strict: isStrict(sent),
      managementApi,
    }),
  }) as ClientDocument
  checkClient(document)
  return document
}

/** What a PATCH changes in the client as it is: objects are replaced, `client_metadata` is merged, null takes a member away. Errors: ManagementError. */
export function patchedClient(current: ClientDocument, credentials: readonly ClientCredential[], body: UpdateClientBody, managementApi: string): ClientChanges {
  repeats(body, { client_id: current.client_id, global: current.global ?? false })
  const { client_secret: _, ...sent } = body
  const changes: Record<string, unknown> = Object.fromEntries(Object.entries(named(sent)).map(([name, value]) => [name, value ?? undefined]))
  if (sent.client_authentication_methods) changes['client_authentication_methods'] = references(sent.client_authentication_methods, credentials)
  if (sent.jwt_configuration) {
    changes['jwt_configuration'] = jwtConfiguration(sent.jwt_configuration, { withKeys: false, strict: isStrict(current) })
  }
  if (sent.session_transfer) changes['session_transfer'] = { ...SESSION_TRANSFER_DEFAULTS, ...sent.session_transfer }
  if (sent.client_metadata) {
    const merged = withoutNulls({ ...current.client_metadata, ...sent.client_metadata })
    const { length } = Object.keys(merged)
    if (length > 10) throw invalidBody(`Too many properties defined (${length}), maximum 10`, 'client_metadata')
    changes['client_metadata'] = merged
  }
  const next = clean({ ...current, ...changes }) as ClientDocument
  if ('refresh_token' in sent) {
    changes['refresh_token'] = refreshTokenSettings(sent.refresh_token, {
      sentSecretMethod: SECRET_METHODS.includes(next.token_endpoint_auth_method ?? ''),
      appType: next.app_type,
      firstParty: next.is_first_party,
      strict: isStrict(next),
      managementApi,
    })
  }
  if (isStrict(current) && !isStrict(next)) throw refusedBody('A third party client in strict mode cannot become a first party client.')
  checkClient(next)
  return changes
}

/** The old name of `oidc_logout` is taken for the new one. */
function named<T extends ClientFields>({ oidc_backchannel_logout: old, ...sent }: T): Omit<T, 'oidc_backchannel_logout'> {
  return old === undefined || sent.oidc_logout !== undefined ? sent : { ...sent, oidc_logout: old }
}

/** `[{"id"}]` of credentials that the client has, of the kind that the method is proved with. */
function references(methods: AuthenticationMethods, credentials: readonly ClientCredential[]): object {
  const known = new Map(credentials.map(({ id, credential_type }) => [id, credential_type]))
  return Object.fromEntries(
    Object.entries(methods as Record<string, { credentials: { id?: string }[] }>).map(([method, { credentials: wanted }]) => {
      const unknown = wanted.find(({ id }) => id === undefined || known.get(id) !== CREDENTIAL_TYPES[method])
      if (unknown) throw refusedBody(`The credential ${unknown.id ?? ''} does not exist in the client`.replace('  ', ' '))
      return [method, { credentials: wanted.map(({ id }) => ({ id })) }]
    }),
  )
}

/** spec/oauth.md §2.1 */
const STRICT_LIFETIME_SECONDS = 3600

function jwtConfiguration(
  sent: JwtConfiguration | undefined,
  { withKeys, strict }: { readonly withKeys: boolean; readonly strict: boolean },
): Readonly<Record<string, unknown>> {
  const lifetime = sent?.lifetime_in_seconds
  return {
    ...CLIENT_DEFAULTS.jwt_configuration,
    ...(strict && { lifetime_in_seconds: STRICT_LIFETIME_SECONDS }),
    ...(withKeys && { alg: 'RS256' }),
    ...sent,
    ...(lifetime !== undefined && { lifetime_in_seconds: Number(lifetime) }),
  }
}

function checkClient(client: ClientDocument): void {
  const { client_authentication_methods: methods, token_endpoint_auth_method: method } = client
  if (methods && method) throw bothMethods()
  if (methods && Object.keys(methods).length !== 1) {
    throw refusedBody('Exactly one client authentication method must be set.')
  }
  if (methods && client.jwt_configuration['alg'] === 'HS256') {
    throw refusedBody('A client that authenticates with keys or certificates has no secret to sign its ID tokens with HS256.')
  }
  if (method === 'none' && client.grant_types?.includes('client_credentials')) {
    throw refusedBody(`Grant type 'client_credentials' not allowed for public clients.`)
  }
  const other = isStrict(client) ? client.grant_types?.find((type) => !THIRD_PARTY_GRANTS.includes(type)) : undefined
  if (other !== undefined) throw refusedBody(`Grant type '${other}' not allowed for third party clients in strict mode.`)
  if (!client.is_first_party && (client['organization_usage'] !== undefined || client['organization_require_behavior'] !== undefined)) {
    throw new ManagementError(403, NOT_FOR_THIRD_PARTIES)
  }
}

const bothMethods = (): ManagementError => refusedBody('token_endpoint_auth_method and client_authentication_methods cannot be set at the same time.')

const clean = (members: object): object => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null))
