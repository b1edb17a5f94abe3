import { createHash, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { ClientDocument } from '../../src/authorization/index.js'
import type { Answer, OAuthScene } from './oauth.js'

/** A client's DPoP key. */
export interface DpopKey {
  readonly jkt: string
  /** A proof for a request; `claims` are added to it or replace what it would say. */
  proof(method: string, url: string, claims?: object): Promise<string>
}

export async function dpopKey(): Promise<DpopKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk: JWK = await exportJWK(publicKey)
  return {
    jkt: await calculateJwkThumbprint(jwk),
    proof: (htm, htu, claims = {}) =>
      new SignJWT({ htm, htu, jti: randomUUID(), iat: Date.now() / 1000, ...claims })
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
        .sign(privateKey),
  }
}

export const hashOf = (accessToken: string): string => createHash('sha256').update(accessToken).digest('base64url')

/** POST /oauth/token with a proof, as a client does it: asked for a nonce, it comes again with that. */
export async function tokenWithProof(
  scene: OAuthScene,
  client: ClientDocument,
  key: DpopKey,
  parameters: Record<string, string>,
  claims: object = {},
): Promise<Answer> {
  const send = async (more: object): Promise<Answer> => {
    // The address is the issuer's, whatever port a worker has.
    const proof = await key.proof('POST', `${scene.service.config.issuer}oauth/token`, { ...claims, ...more })
    return scene.token(client, parameters, { dpop: proof })
  }
  const first = await send({})
  return first.body.error === 'use_dpop_nonce' ? send({ nonce: first.headers.get('dpop-nonce') }) : first
}

/** GET or POST of a resource with a bound token and its proof, again with the nonce that is asked for. */
export async function resourceWithProof(
  scene: OAuthScene,
  key: DpopKey,
  accessToken: string,
  { method = 'GET', path = 'userinfo', claims = {} }: { method?: string; path?: string; claims?: object } = {},
): Promise<Answer> {
  const send = async (more: object): Promise<Answer> => {
    const proof = await key.proof(method, scene.service.config.issuer + path, { ath: hashOf(accessToken), ...claims, ...more })
    return scene.send(method, path, undefined, { authorization: `DPoP ${accessToken}`, dpop: proof })
  }
  const first = await send({})
  const nonce = first.headers.get('www-authenticate')?.includes('use_dpop_nonce') ? first.headers.get('dpop-nonce') : null
  return nonce === null ? first : send({ nonce })
}
