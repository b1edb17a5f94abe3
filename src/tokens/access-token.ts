import type { IssuanceDecisions } from '../actions/index.js'
import { type ClientDocument, confirmation, type Proof, type ResourceServerDocument } from '../authorization/index.js'
import { organizationClaims, type TokenOrganization } from './acting-in.js'
import { USERINFO_CLAIMS } from './userinfo-claims.js'

/** Of tokens that open nothing but /userinfo (spec/oauth.md §2.1). */
const USERINFO_LIFETIME_SECONDS = 86_400
/** Of tokens that are answered in a browser, unless the API says otherwise. */
const FRONT_CHANNEL_LIFETIME_SECONDS = 7200

/** The grants whose name stands in the token. */
export type Gty = 'client-credentials' | 'password' | 'refresh_token'

export interface AccessTerms {
  readonly id: string
  readonly subject: string
  readonly client: Pick<ClientDocument, 'client_id'>
  /** Undefined: for /userinfo only. */
  readonly api: ResourceServerDocument | undefined
  readonly scope: readonly string[]
  readonly gty: Gty | undefined
  /** Of a person's token: what it goes down with when its code comes back, where the token is looked at here. */
  readonly familyId?: string | undefined
  /** All that its subject may do at the API, where the API enforces it. */
  readonly permissions?: readonly string[] | undefined
  /** In whose name its subject acts. */
  readonly organization?: TokenOrganization | undefined
  /** What its bearer must hold, where it is bound. */
  readonly proof?: Proof | undefined
  /** Actions' own (spec/actions.md §7); what this service says stands above them. */
  readonly custom?: IssuanceDecisions['claims']['accessToken'] | undefined
  /** What Actions put on the ID token beside it, encrypted; it stands in a token that is good at /userinfo. */
  readonly userinfoClaims?: string | undefined
  /** Answered in a browser. */
  readonly frontChannel?: boolean
}

/** In seconds (spec/oauth.md §2.1). `frontChannel`: answered in a browser. */
export function accessLifetime(api: ResourceServerDocument | undefined, frontChannel = false): number {
  const lifetime = api?.token_lifetime ?? USERINFO_LIFETIME_SECONDS
  const forWeb = api?.['token_lifetime_for_web']
  return frontChannel ? Math.min(lifetime, typeof forWeb === 'number' ? forWeb : FRONT_CHANNEL_LIFETIME_SECONDS) : lifetime
}

export const isRfc9068 = (api: ResourceServerDocument): boolean => ['rfc9068_profile', 'rfc9068_profile_authz'].includes(api['token_dialect'] as string)

/** `permissions` stand in tokens of an API that enforces them and wants to see them (spec/oauth.md §2.1). */
const showsPermissions = (api: ResourceServerDocument): boolean =>
  api['enforce_policies'] === true && ['access_token_authz', 'rfc9068_profile_authz'].includes(api['token_dialect'] as string)

/** The claims of an access token in the API's dialect (spec/oauth.md §2.1; RFC 9068 §2.2). */
export function accessClaims(
  { id, subject, client, api, scope, gty, familyId, permissions, organization, proof, custom = {}, userinfoClaims, frontChannel }: AccessTerms,
  issuer: string,
  now: Date,
): Record<string, unknown> {
  const iat = Math.floor(now.getTime() / 1000)
  const rfc9068 = api !== undefined && isRfc9068(api)
  // Where the token is looked at here, what it goes down with is for this service to say.
  const { fid, ...others } = custom
  const aud = audience(api, scope, issuer)
  return {
    ...others,
    ...(api && fid !== undefined && { fid }),
    iss: issuer,
    sub: subject,
    aud,
    iat,
    exp: iat + accessLifetime(api, frontChannel),
    ...(scope.length > 0 && { scope: scope.join(' ') }),
    jti: id,
    ...organizationClaims(organization),
    ...(permissions && api && showsPermissions(api) && { permissions }),
    ...(proof && { cnf: confirmation(proof) }),
    ...(userinfoClaims !== undefined && [aud].flat().includes(`${issuer}userinfo`) && { [USERINFO_CLAIMS]: userinfoClaims }),
    ...(!api && familyId !== undefined && { fid: familyId }),
    ...(rfc9068 ? { client_id: client.client_id } : { ...(gty && { gty }), azp: client.client_id }),
  }
}

function audience(api: ResourceServerDocument | undefined, scope: readonly string[], issuer: string): string | string[] {
  const userinfo = `${issuer}userinfo`
  if (!api) return userinfo
  // What is encrypted for the API cannot be read at /userinfo.
  return scope.includes('openid') && api.signing_alg === 'RS256' && !api['token_encryption'] ? [api.identifier, userinfo] : api.identifier
}
