import type { Upcasters } from '../event-store/event.js'

export type SigningAlgorithm = 'RS256'

/** The members of an RSA public key (RFC 7518 §6.3.1); the private ones have no name here. */
export interface PublicJwk {
  readonly kty: 'RSA'
  readonly n: string
  readonly e: string
}

export type SigningKeysEvent =
  | { readonly type: 'SigningKeyCreated'; readonly data: { readonly kid: string; readonly alg: SigningAlgorithm; readonly publicKey: PublicJwk } }
  | { readonly type: 'SigningKeyRotated'; readonly data: { readonly current: string; readonly next: string; readonly previous?: string } }
  | { readonly type: 'SigningKeyRevoked'; readonly data: { readonly kid: string } }

export const signingKeysUpcasters: Upcasters<SigningKeysEvent> = {
  SigningKeyCreated: [],
  SigningKeyRotated: [],
  SigningKeyRevoked: [],
}
