import { createPublicKey } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { CompactEncrypt } from 'jose'
import { type ClientDocument, FindClient, FindSigningSecret, idTokenSecret, type ResourceServerDocument } from '../authorization/index.js'
import { isSigningAlgorithm, signedWithSecret } from '../keys/signature.js'
import { SigningKeys } from '../keys/signing-keys.js'
import { isRfc9068 } from './access-token.js'

/** `token_encryption` of an API (spec/management-api.md §2.3). */
export interface TokenEncryption {
  readonly format: 'compact-nested-jwe'
  readonly encryption_key: { readonly alg: string; readonly pem: string; readonly kid?: string; readonly name?: string }
}

/** Signs claims as their reader expects: the API says how for access tokens, the client for ID tokens (spec/oauth.md §2.1, §2.2). */
@Injectable()
export class TokenSigner {
  constructor(
    private readonly queries: QueryBus,
    private readonly signingKeys: SigningKeys,
  ) {}

  async accessToken(claims: object, api: ResourceServerDocument): Promise<string> {
    const typ = isRfc9068(api) ? 'at+jwt' : 'JWT'
    const secret = api.signing_alg === 'HS256' ? await this.queries.execute(new FindSigningSecret(api.identifier)) : undefined
    const token = secret === undefined ? await this.#signed(claims, api.signing_alg, typ) : signedWithSecret(claims, secret, { typ })
    const encryption = api['token_encryption'] as TokenEncryption | null | undefined
    return encryption ? encrypted(token, encryption) : token
  }

  async idToken(claims: object, client: ClientDocument): Promise<string> {
    const alg = client.jwt_configuration?.['alg']
    const found = alg === 'HS256' ? await this.queries.execute(new FindClient({ clientId: client.client_id })) : undefined
    const secret = found && idTokenSecret(found)
    return secret === undefined ? this.#signed(claims, alg, 'JWT') : signedWithSecret(claims, secret, { typ: 'JWT' })
  }

  /** With a key of ours; RS256 where nothing that we have keys for is asked for. */
  #signed(claims: object, alg: unknown, typ: string): Promise<string> {
    return this.signingKeys.sign(claims, { alg: isSigningAlgorithm(alg) ? alg : 'RS256', typ })
  }
}

/** A signed token that only the API can open (RFC 7519 §5.2). */
function encrypted(token: string, { encryption_key: { alg, pem, kid } }: TokenEncryption): Promise<string> {
  const header = { alg, enc: 'A256GCM', cty: 'JWT', ...(kid !== undefined && { kid }) }
  return new CompactEncrypt(Buffer.from(token)).setProtectedHeader(header).encrypt(createPublicKey(pem))
}
