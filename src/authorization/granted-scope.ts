import type { ClientDocument } from './client/client.events.js'
import { isStrict } from './client/strict.js'
import type { ClientGrantDocument } from './client-grant/client-grant.events.js'
import type { ResourceServerDocument } from './resource-server/resource-server.events.js'

/** Scopes that ask for claims about the person (OIDC Core §5.4), and Auth0's for single claims. */
const OIDC_SCOPES = new Set(
  'openid profile email address phone name given_name family_name nickname email_verified picture created_at identities phone_number'.split(' '),
)

/** Whether a scope is about the person and belongs to no API. */
export const isOidcScope = (scope: string): boolean => OIDC_SCOPES.has(scope)

/** What anybody may do at the Management API, with themselves alone (spec/management-api.md §1.2). */
const OWN_SCOPES = new Set([
  'read:current_user',
  'update:current_user_identities',
  'create:current_user_metadata',
  'update:current_user_metadata',
  'create:current_user_device_credentials',
  'delete:current_user_device_credentials',
])

/** What a client grant allows at its API: the scopes that it names or, with `allow_all_scopes`, all that the API has. */
export const scopeOfGrant = (grant: ClientGrantDocument, { scopes }: ResourceServerDocument): readonly string[] =>
  grant['allow_all_scopes'] === true ? scopes.map(({ value }) => value) : grant.scope

export interface ScopeRequest {
  readonly requested: readonly string[]
  readonly client: ClientDocument
  /** The API that is the audience, if one is. */
  readonly api: ResourceServerDocument | undefined
  /** What the client's grant at the API allows; undefined where it has none. */
  readonly clientGrantScope?: readonly string[] | undefined
  /** Whether the user is an administrator of this service. */
  readonly administrator: boolean
}

/** What of the requested scope a user may give a client, in the order asked for. The rest is left out in silence (spec/oauth.md §2.1). */
export function grantedScope({ requested, client, api, clientGrantScope, administrator }: ScopeRequest): string[] {
  const ofApi = new Set(api?.scopes.map(({ value }) => value))
  const allowed = (scope: string): boolean => {
    if (scope === 'offline_access') return mayGoOffline(client, api)
    // Belongs to sessions, and is never shown as granted (spec/refresh-tokens.md §8).
    if (scope === 'online_access') return false
    if (isOidcScope(scope)) return !isStrict(client)
    if (api?.is_system && OWN_SCOPES.has(scope)) return true
    if (!api || !ofApi.has(scope)) return false
    // The Management API is power over all users: an administrator's, and only through a client that was given it.
    if (api.is_system) return administrator && (clientGrantScope?.includes(scope) ?? false)
    return clientGrantScope?.includes(scope) ?? true
  }
  return [...new Set(requested)].filter(allowed)
}

/**
 * Whether a login brings an online refresh token (spec/refresh-tokens.md §8). A session that the browser forgets when it is closed needs the API's
 * leave of its own.
 */
export function mayGoOnline(client: ClientDocument, api: ResourceServerDocument | undefined, { persistent }: { readonly persistent: boolean }): boolean {
  if (client.grant_types && !client.grant_types.includes('refresh_token')) return false
  return api?.['allow_online_access'] === true && (persistent || api['allow_online_access_with_ephemeral_sessions'] === true)
}

/** Whether a login at this client for this API can bring a refresh token at all, as their settings are (spec/refresh-tokens.md §3). */
export function mayGoOffline(client: ClientDocument, api: ResourceServerDocument | undefined): boolean {
  if (client.grant_types && !client.grant_types.includes('refresh_token')) return false
  if (api && !api.allow_offline_access) return false
  if (client.app_type === 'spa' && client.refresh_token?.['rotation_type'] !== 'rotating') return false
  return client.oidc_conformant || api !== undefined
}
