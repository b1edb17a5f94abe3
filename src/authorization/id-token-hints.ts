import { Inject, Injectable } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { decodeJwt, type JWTPayload } from 'jose'
import { CONFIG, type Config } from '../config.js'
import { SigningKeys } from '../keys/signing-keys.js'
import { claimsSecret, InvalidTokenError, verifyJwt, verifyJwtWithSecret } from '../keys/verify-jwt.js'
import { idTokenSecret } from './client/id-token-secret.js'
import { FindClient } from './queries/find-client.js'

/** What an ID token says of a login. */
export interface IdTokenHint {
  readonly userId: string
  readonly clientId: string
  readonly sessionId: string | undefined
}

/** Reads `id_token_hint` (OIDC Core §3.1.2.1; RP-Initiated Logout §2). */
@Injectable()
export class IdTokenHints {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly queries: QueryBus,
    private readonly signingKeys: SigningKeys,
  ) {}

  /** Undefined for what is no ID token of ours. One that has expired was signed all the same, and says who. */
  async read(hint: string): Promise<IdTokenHint | undefined> {
    try {
      await this.#verify(hint)
    } catch (error) {
      if (!(error instanceof InvalidTokenError)) throw error
      if (!error.expired) return undefined
    }
    const { sub, aud, sid } = decodeJwt(hint)
    if (typeof sub !== 'string' || typeof aud !== 'string') return undefined
    return { userId: sub, clientId: aud, sessionId: typeof sid === 'string' ? sid : undefined }
  }

  async #verify(hint: string): Promise<JWTPayload> {
    const { issuer } = this.config
    if (!claimsSecret(hint)) return verifyJwt(this.signingKeys, hint, { issuer })
    const clientId = audienceOf(hint)
    const found = clientId === undefined ? undefined : await this.queries.execute(new FindClient({ clientId }))
    const secret = found && idTokenSecret(found)
    if (secret === undefined) throw new InvalidTokenError('signed with a secret that the client does not use')
    return verifyJwtWithSecret(secret, hint, { issuer, audience: clientId! })
  }
}

function audienceOf(hint: string): string | undefined {
  try {
    const { aud } = decodeJwt(hint)
    return typeof aud === 'string' && /^[\x20-\x7e]{1,255}$/.test(aud) ? aud : undefined
  } catch {
    return undefined
  }
}
