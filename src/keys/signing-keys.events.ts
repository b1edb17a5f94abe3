import type { Upcasters } from '../event-store/event.js'

/** What keys sign with, one algorithm each (RFC 7518 §3.1, RFC 8037 §3.1): which one a token has is decided by its key, never by its header. */
export type SigningAlgorithm = 'RS256' | 'RS512' | 'PS256' | 'ES256' | 'EdDSA'

/** The members of a public key (RFC 7518 §6.2.1, §6.3.1; RFC 8037 §2); the private ones have no name here. */
export type PublicJwk =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: string; readonly x: string }

export type SigningKeysEvent =
  | { readonly type: 'SigningKeyCreated'; readonly data: { readonly kid: string; readonly alg: SigningAlgorithm; readonly publicKey: PublicJwk } }
  | { readonly type: 'SigningKeyRotated'; readonly data: { readonly current: string; readonly next: string; readonly previous?: string } }
  | { readonly type: 'SigningKeyRevoked'; readonly data: { readonly kid: string } }

export const signingKeysUpcasters: Upcasters<SigningKeysEvent> = {
  SigningKeyCreated: [],
  SigningKeyRotated: [],
  SigningKeyRevoked: [],
}
