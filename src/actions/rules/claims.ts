import type { TokenKind } from './commands.js'

export type Claims = Readonly<Record<string, unknown>>

/** Claims that only this service sets; an Action's are dropped without a word to it (spec/actions.md §7). */
const RESERVED = new Set(
  (
    'acr act active amr at_hash ath attest aud auth_time authorization_details azp c_hash client_id cnf cty dest entitlements events exp groups gty htm htu ' +
    'iat internalService iss jcard jku jti jwe jwk kid may_act mky nbf nonce object_id org_id org_name orig origid permissions roles rph s_hash sid sip_callid ' +
    'sip_cseq_num sip_date sip_from_tag sip_via_branch sub sub_jwk toe txn typ uuid vot vtm x5t#S256 scope __proto__'
  ).split(' '),
)
const RESERVED_HOSTS = ['auth0.com', 'webtask.io', 'webtask.run']
const RESERVED_NAMES = ['urn:auth0', 'urn:evergrant']

export const MAX_CLAIMS_BYTES = 100_000

export interface ClaimTarget {
  /** The API that the access token is for, if it is for one. */
  readonly audience: string | undefined
  readonly managementApi: string
}

/** Of the claims that Actions set for a token, those that get into it, and the names of the others. */
export function allowedClaims(
  claims: Claims,
  token: TokenKind,
  { audience, managementApi }: ClaimTarget,
): { readonly claims: Claims; readonly dropped: readonly string[] } {
  // Who may manage this service is no matter of an Action.
  const none = token === 'accessToken' && audience === managementApi
  const dropped = Object.keys(claims).filter((name) => none || isReserved(name))
  return { claims: Object.fromEntries(Object.entries(claims).filter(([name]) => !dropped.includes(name))), dropped }
}

export const claimsBytes = (claims: Claims): number => Buffer.byteLength(JSON.stringify(claims))

function isReserved(name: string): boolean {
  if (RESERVED.has(name) || RESERVED_NAMES.some((prefix) => name.toLowerCase().startsWith(prefix))) return true
  if (!/^https?:/i.test(name) || !URL.canParse(name)) return false
  const { hostname } = new URL(name)
  return RESERVED_HOSTS.some((host) => hostname === host || hostname.endsWith(`.${host}`))
}
