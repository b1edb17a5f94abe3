import type { Config } from '../config.js'
import type { Parameters } from '../http/body.js'
import type { TenantSettings } from '../users/index.js'
import type { CodeTerms } from './authorization-code/authorization-code.js'
import { type AuthorizationErrorCode, RequestRefused, type ResponseMode } from './authorization-response.js'
import type { ClientDocument } from './client/client.events.js'
import { mayHearMessages } from './client/origins.js'
import { isStrict } from './client/strict.js'
import { issuance, NO_PROOFS } from './proof-of-possession.js'
import type { ResourceServerDocument } from './resource-server/resource-server.events.js'
import { isFrontChannel, type ResponseTypes, responseTypesOf } from './response-types.js'

/** Ends the request with an answer to the client. */
export type Refuse = (code: AuthorizationErrorCode, description: string) => never

/** A request that may be answered to the client, if only by an error. */
export interface Asked {
  readonly parameters: Parameters
  readonly client: ClientDocument
  readonly tenant: TenantSettings
  readonly refuse: Refuse
}

export type Prompt = 'none' | 'login' | 'consent' | 'select_account'

const PROMPTS: readonly string[] = ['none', 'login', 'consent', 'select_account'] satisfies Prompt[]
/** RFC 7636 §4.1 */
const VERIFIER_CHARACTERS = /^[A-Za-z0-9\-._~]{43,128}$/
/** What Auth0 gives a client that names none (spec/management-api.md §2.4). */
const DEFAULT_GRANT_TYPES: readonly string[] = ['authorization_code', 'implicit', 'refresh_token', 'client_credentials']
const MAX_AGE_DIGITS = 9

/**
 * How errors are answered before everything was checked: as asked, if that is possible, else as the response type has it by default. A window
 * that may not hear the answer hears no error either: then a page shows it.
 */
export function errorMode(parameters: Parameters, client: ClientDocument, redirectUri: string, settings: Config['settings']): ResponseMode {
  const asked = parameters['response_mode']
  if (asked === 'fragment' || asked === 'form_post') return asked
  if (asked === 'web_message') {
    const origin = URL.canParse(redirectUri) ? new URL(redirectUri).origin : 'null'
    if (mayHearMessages(client, origin, { orCallbacks: settings.webMessageAllowCallbackOrigins })) return asked
    const description = 'The origin of the redirect_uri is not in the list of allowed web origins of this application.'
    throw new RequestRefused('invalid_request', description, parameters)
  }
  return isFrontChannel(responseTypesOf(parameters)) ? 'fragment' : 'query'
}

/** NUL and its like are in no parameter; nothing that stores or shows them has to deal with them. */
export function plainText({ parameters, refuse }: Asked): void {
  for (const [name, value] of Object.entries(parameters)) {
    // eslint-disable-next-line no-control-regex -- they are what is refused
    if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(name + value)) refuse('invalid_request', 'A parameter has control characters.')
  }
}

/** What third-party clients in strict mode may send (spec/oauth.md §15), beside parameters of their own that begin with `ext-`. */
const STRICT_PARAMETERS = new Set(
  (
    'acr_values audience authorization_details client_id code_challenge code_challenge_method connection correlation_id display dpop_jkt ' +
    'login_hint max_age nonce prompt redirect_uri resource response_type scope state ui_locales'
  ).split(' '),
)

/** The one kind of client whose unknown parameters are not ignored. */
export function strictParameters({ parameters, client, refuse }: Asked): void {
  if (!isStrict(client)) return
  const other = Object.keys(parameters).find((name) => !STRICT_PARAMETERS.has(name) && !name.startsWith('ext-'))
  if (other !== undefined) refuse('invalid_request', `Parameter not allowed for this client: ${other.slice(0, MAX_SHOWN)}`)
}

const MAX_SHOWN = 64

/** A reference to a pushed request stands for all its parameters, the address of the answer among them. Nobody gets one here, so it is of none (RFC 9126 §4). */
export function pushedRequest(parameters: Parameters): void {
  if (parameters['request_uri']?.startsWith('urn:ietf:params:oauth:request_uri:')) {
    throw new RequestRefused('invalid_request_uri', 'The request_uri is unknown, has expired or was used before.', parameters)
  }
}

/** Neither request objects nor rich authorization requests are taken: what a client wants there must not be left out in silence (RFC 9396 §5). */
export function requestObjects({ parameters, client, refuse }: Asked): void {
  if (parameters['request_uri'] !== undefined) refuse('request_uri_not_supported', 'request_uri is not supported')
  if (parameters['request'] !== undefined) refuse('request_not_supported', 'request is not supported')
  if (parameters['authorization_details'] !== undefined) refuse('invalid_request', 'authorization_details is not supported')
  if (client['require_pushed_authorization_requests'] === true) refuse('invalid_request', 'Pushed authorization request is required')
}

export function responseTypes({ parameters, client, refuse }: Asked): ResponseTypes {
  const asked = parameters['response_type']
  if (asked === undefined) return refuse('invalid_request', 'Missing required parameter: response_type')
  const types = responseTypesOf(parameters) ?? refuse('unsupported_response_type', `Unsupported response type: ${asked}`)
  const grants = client.grant_types ?? DEFAULT_GRANT_TYPES
  const needed = [types.has('code') && 'authorization_code', isFrontChannel(types) && 'implicit'].filter((grant) => grant !== false)
  // Whatever is among its grant types (spec/oauth.md §15).
  const missing = needed.find((grant) => !grants.includes(grant) || (grant === 'implicit' && isStrict(client)))
  if (missing) refuse('unauthorized_client', `Grant type '${missing}' not allowed for the client.`)
  if (types.has('id_token') && parameters['nonce'] === undefined) refuse('invalid_request', 'Missing required parameter: nonce')
  return types
}

export function responseMode({ parameters, refuse }: Asked, types: ResponseTypes): ResponseMode {
  const asked = parameters['response_mode']
  if (asked === 'fragment' || asked === 'form_post' || asked === 'web_message') return asked
  if (asked !== undefined && asked !== 'query') return refuse('invalid_request', `Unsupported response mode: ${asked}`)
  if (!isFrontChannel(types)) return 'query'
  return asked === undefined ? 'fragment' : refuse('invalid_request', 'response_mode=query is for codes alone')
}

/** A token that is answered in the browser is bound to nothing. */
export function possession({ client, refuse }: Asked, types: ResponseTypes, api: ResourceServerDocument | undefined): void {
  const answered = types.has('token') && issuance({ client, api, proofs: NO_PROOFS })
  if (answered && answered.kind === 'refused') refuse('invalid_request', answered.description)
}

export function scope({ parameters, refuse }: Asked, types: ResponseTypes): string[] {
  const asked = parameters['scope'] ?? ''
  // RFC 6749 §3.3
  if (!/^[\x21\x23-\x5b\x5d-\x7e ]*$/.test(asked)) refuse('invalid_scope', 'The scope is malformed.')
  const scopes = [...new Set(asked.split(' '))].filter(Boolean)
  if (types.has('id_token') && !scopes.includes('openid')) refuse('invalid_request', 'An ID token needs the scope openid')
  return scopes
}

/** Only in a request that is right otherwise (spec/oauth.md §4.3). */
export function oneKindOfAccess({ refuse }: Asked, scopes: readonly string[]): void {
  if (scopes.includes('online_access') && scopes.includes('offline_access')) {
    refuse('invalid_request', 'Cannot request both online_access and offline_access scopes')
  }
}

export function prompt({ parameters, refuse }: Asked): Set<Prompt> {
  const asked = (parameters['prompt'] ?? '').split(' ').filter(Boolean)
  if (asked.some((value) => !PROMPTS.includes(value))) refuse('invalid_request', 'Unsupported prompt')
  const prompts = new Set(asked as Prompt[])
  if (prompts.has('none') && prompts.size > 1) refuse('invalid_request', 'prompt=none must stand alone')
  return prompts
}

export function maxAge({ parameters, refuse }: Asked): number | undefined {
  const asked = parameters['max_age']
  if (asked === undefined) return undefined
  if (!/^\d+$/.test(asked) || asked.length > MAX_AGE_DIGITS) refuse('invalid_request', 'max_age must be a number of seconds')
  return Number(asked)
}

export function challenge({ parameters, client, refuse }: Asked, types: ResponseTypes, settings: Config['settings']): CodeTerms['challenge'] {
  const value = parameters['code_challenge']
  const method = parameters['code_challenge_method']
  if (value === undefined) {
    if (method !== undefined) refuse('invalid_request', 'Missing required parameter: code_challenge')
    const isPublic = client.token_endpoint_auth_method === 'none'
    if (types.has('code') && (!client.is_first_party || (isPublic && settings.pkceRequireForPublic)))
      refuse('invalid_request', 'Missing required parameter: code_challenge')
    return null
  }
  // An absent method is plain (RFC 7636 §4.3).
  if (method !== 'S256' && !(settings.pkceAllowPlain && (method ?? 'plain') === 'plain')) refuse('invalid_request', 'code_challenge_method must be S256')
  if (!VERIFIER_CHARACTERS.test(value)) refuse('invalid_request', 'code_challenge must have 43 to 128 unreserved characters')
  return { method: method === 'S256' ? 'S256' : 'plain', value }
}

export function dpopJkt({ parameters, refuse }: Asked): string | undefined {
  const asked = parameters['dpop_jkt']
  if (asked !== undefined && !/^[\w-]{43}$/.test(asked)) refuse('invalid_request', 'dpop_jkt must be a SHA-256 thumbprint')
  return asked
}

/** Of whatever is wrong with an invitation: who guesses tickets learns nothing. */
export const NO_INVITATION = 'invitation not found or already used'

export const ORGANIZATION_REQUIRED = 'parameter organization is required for this client'

/** Answers what is asked for. Texts that SDKs match (spec/oauth.md §4.6). An invitation is of use with its organization alone. */
export function organization({ parameters, client, refuse }: Asked): string | undefined {
  const asked = parameters['organization']
  const usage = client['organization_usage'] ?? 'deny'
  if (asked === undefined && usage === 'require' && !organizationPrompt({ parameters, client })) refuse('invalid_request', ORGANIZATION_REQUIRED)
  if (asked !== undefined && usage === 'deny') refuse('invalid_request', 'parameter organization is not allowed for this client')
  if (asked === undefined && parameters['invitation'] !== undefined) refuse('invalid_request', NO_INVITATION)
  return asked
}

/** When the person is asked in whose name they log in, where the application has not said (Auth0's `organization_require_behavior`). */
export type OrganizationPrompt = 'before login' | 'after login'

export function organizationPrompt({ parameters, client }: Pick<Asked, 'parameters' | 'client'>): OrganizationPrompt | undefined {
  if (parameters['organization'] !== undefined || (client['organization_usage'] ?? 'deny') === 'deny') return undefined
  const behavior = client['organization_require_behavior']
  return behavior === 'pre_login_prompt' ? 'before login' : behavior === 'post_login_prompt' ? 'after login' : undefined
}

export function acrValues({ parameters, tenant, refuse }: Asked): void {
  const supported = tenant['acr_values_supported']
  if (!Array.isArray(supported)) return
  const unknown = (parameters['acr_values'] ?? '').split(' ').find((value) => value !== '' && !supported.includes(value))
  if (unknown !== undefined) refuse('invalid_request', 'Unsupported acr_values')
}
