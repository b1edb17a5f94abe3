import { PASSWORD_GRANTS, UNBUILT_GRANTS } from '../../tokens/index.js'

export const APP_TYPES: readonly string[] = [
  'native',
  'spa',
  'regular_web',
  'non_interactive',
  'resource_server',
  'express_configuration',
  'sso_integration',
  'rms',
  'box',
  'cloudbees',
  'concur',
  'dropbox',
  'mscrm',
  'echosign',
  'egnyte',
  'newrelic',
  'oag',
  'office365',
  'salesforce',
  'sentry',
  'sharepoint',
  'slack',
  'springcm',
  'zendesk',
  'zoom',
]

/** Those that Auth0 takes; what this service executes is the token endpoint's to say (spec/management-api.md §2.4). */
export const GRANT_TYPES: readonly string[] = [
  'authorization_code',
  'implicit',
  'refresh_token',
  'client_credentials',
  ...PASSWORD_GRANTS,
  ...UNBUILT_GRANTS,
  'http://auth0.com/oauth/legacy/grant-type/ro',
  'http://auth0.com/oauth/legacy/grant-type/ro/jwt-bearer',
  'http://auth0.com/oauth/legacy/grant-type/delegation/refresh_token',
  'http://auth0.com/oauth/legacy/grant-type/delegation/id_token',
  'http://auth0.com/oauth/legacy/grant-type/access_token',
]

/** What somebody else's client may hold (spec/management-api.md §2.4). */
export const THIRD_PARTY_GRANTS: readonly string[] = ['authorization_code', 'refresh_token', 'client_credentials']

/** What a new client may do that names no grant types; undefined where the member is absent. */
export function defaultGrantTypes(client: {
  readonly appType: string | undefined
  readonly isPublic: boolean
  readonly firstParty: boolean
}): string[] | undefined {
  const types = byType(client)
  return client.firstParty ? types : types?.filter((type) => THIRD_PARTY_GRANTS.includes(type))
}

function byType({ appType, isPublic }: { readonly appType: string | undefined; readonly isPublic: boolean }): string[] | undefined {
  if (appType === 'resource_server') return undefined
  if (appType === 'express_configuration') return ['authorization_code', 'client_credentials']
  const user = ['authorization_code', 'implicit', 'refresh_token']
  return isPublic || appType === 'spa' || appType === 'native' ? user : [...user, 'client_credentials']
}
