import type { ClientDocument } from './client/client.events.js'
import type { PossessionPolicy, ResourceServerDocument } from './resource-server/resource-server.events.js'

/** What the sender of a request holds: the key with this thumbprint (RFC 7638, base64url), or the certificate with this SHA-256 (base64url). */
export type Proof = { readonly jkt: string } | { readonly x5tS256: string }

/** All that one request proved; most prove nothing. */
export type Proofs = readonly Proof[]

export const NO_PROOFS: Proofs = Object.freeze([])

interface IssuanceRequest {
  readonly client: Pick<ClientDocument, 'require_proof_of_possession' | 'token_endpoint_auth_method'>
  /** Undefined: the token is for /userinfo only. */
  readonly api: Pick<ResourceServerDocument, 'identifier' | 'proof_of_possession'> | undefined
  readonly proofs: Proofs
}

/** How an access token is issued: to whoever brings it, or to the holder of `proof` only. `description` is for the client. */
export type Issuance =
  { readonly kind: 'bearer' } | { readonly kind: 'constrained'; readonly proof: Proof } | { readonly kind: 'refused'; readonly description: string }

/** The issuance matrix (spec/oauth.md §3.2). A proof counts where it is of the mechanism that the API takes; for /userinfo every proof does. */
export function issuance({ client, api, proofs }: IssuanceRequest): Issuance {
  const policy = policyOf(api)
  const proof = api ? proofs.find((given) => policy !== undefined && mechanismOf(given) === policy.mechanism) : proofs[0]
  if (proof) return { kind: 'constrained', proof }
  if (client.require_proof_of_possession === true) {
    const refused = api && !policy ? `, but the API "${api.identifier}" takes none` : ''
    return { kind: 'refused', description: `The client requires proof of possession${refused}.` }
  }
  if (api && policy && isRequiredOf(client, policy)) {
    return { kind: 'refused', description: `The API "${api.identifier}" requires proof of possession (${NAMES[policy.mechanism]}).` }
  }
  return { kind: 'bearer' }
}

/** The `cnf` claim (RFC 9449 §6.1, RFC 8705 §3.1). */
export const confirmation = (proof: Proof): { jkt: string } | { 'x5t#S256': string } => ('jkt' in proof ? { jkt: proof.jkt } : { 'x5t#S256': proof.x5tS256 })

/** The thumbprint of the DPoP key among what was proved. */
export const thumbprintOf = (proofs: Proofs): string | undefined => proofs.find((proof) => 'jkt' in proof)?.jkt

const NAMES = { dpop: 'DPoP', mtls: 'mTLS' } as const
type Mechanism = keyof typeof NAMES

const mechanismOf = (proof: Proof): Mechanism => ('jkt' in proof ? 'dpop' : 'mtls')

function policyOf(api: IssuanceRequest['api']): (PossessionPolicy & { readonly mechanism: Mechanism }) | undefined {
  const { mechanism, ...rest } = api?.proof_of_possession ?? { mechanism: 'none', required: false }
  return mechanism === 'none' ? undefined : { mechanism, ...rest }
}

const isRequiredOf = ({ token_endpoint_auth_method }: IssuanceRequest['client'], { required, required_for }: PossessionPolicy): boolean =>
  required && (required_for !== 'public_clients' || token_endpoint_auth_method === 'none')
