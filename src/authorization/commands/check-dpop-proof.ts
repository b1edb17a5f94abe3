import { Inject } from '@nestjs/common'
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { CONFIG, type Config } from '../../config.js'
import { DpopNonces } from '../dpop/nonces.js'
import { checkProof, InvalidProof, NonceNeeded } from '../dpop/proof.js'
import { UsedProofs } from '../dpop/used-proofs.js'

/** `nonce` is a fresh one: for the DPoP-Nonce header of the answer, whatever that is. */
type DpopVerdict = { readonly nonce: string } & (
  | { readonly kind: 'proved'; readonly jkt: string }
  | { readonly kind: 'nonce-needed' }
  /** `description` is for the client, and names what is wrong with the proof. */
  | { readonly kind: 'invalid'; readonly description: string }
)

/** Judges the DPoP proof of a request (RFC 9449 §4.3). A good proof is used up by it. */
export class CheckDpopProof extends Command<DpopVerdict> {
  constructor(
    readonly request: {
      /** Each value of the header by itself. */
      readonly proofs: readonly string[]
      readonly method: string
      /** What was called, from its first slash; a query does not count. */
      readonly path: string
      /** The client has no secret or key of its own, so its proofs must be fresh. */
      readonly isPublic: boolean
      /** At a resource: the token that the proof must be for. */
      readonly accessToken?: string
    },
  ) {
    super()
  }
}

@CommandHandler(CheckDpopProof)
export class CheckDpopProofHandler implements ICommandHandler<CheckDpopProof> {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly nonces: DpopNonces,
    private readonly usedProofs: UsedProofs,
  ) {}

  async execute({ request }: CheckDpopProof): Promise<DpopVerdict> {
    const now = Date.now()
    const nonce = this.nonces.current(now)
    const { dpopAlgs: algorithms, dpopNonceForConfidential } = this.config.settings
    try {
      const { jkt, jti, refusedFrom } = await checkProof(request.proofs, {
        method: request.method,
        // Not from Host, which the caller writes.
        uri: this.config.issuer + request.path.slice(1),
        algorithms,
        now,
        nonceRequired: request.isPublic || dpopNonceForConfidential,
        nonceExpiry: (text) => this.nonces.expiryOf(text, now),
        accessToken: request.accessToken,
      })
      if (await this.usedProofs.use(jkt, jti, refusedFrom - now)) return { kind: 'proved', jkt, nonce }
      return { kind: 'invalid', description: 'The jti of the DPoP proof was used before.', nonce }
    } catch (error) {
      if (error instanceof NonceNeeded) return { kind: 'nonce-needed', nonce }
      if (error instanceof InvalidProof) return { kind: 'invalid', description: error.message, nonce }
      throw error
    }
  }
}
