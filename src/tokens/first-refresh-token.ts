import { Inject, Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { type IssuanceDecisions, replayMetadata } from '../actions/index.js'
import { type ClientDocument, thumbprintOf } from '../authorization/index.js'
import { CONFIG, type Config } from '../config.js'
import type { Context, ExecutionFacts, Origin } from '../event-store/event.js'
import { IssueRefreshToken } from './commands/issue-refresh-token.js'
import { type ExpirationParameters, expirationParameters } from './expiration-parameters.js'
import type { WantedEnds } from './refresh-token/lifetimes.js'
import { refreshTokenPolicy } from './refresh-token/policy.js'
import type { TokenSender } from './token-request.js'

/** The login that a family begins with. */
interface FirstLogin extends Pick<
  IssueRefreshToken['grant'],
  'userId' | 'sessionId' | 'audience' | 'scope' | 'authenticatedAt' | 'methods' | 'connection' | 'authorizedAt' | 'organizationId'
> {
  readonly client: ClientDocument
  /** What Actions decided, and in which execution. */
  readonly decided: IssuanceDecisions | undefined
  readonly execution: ExecutionFacts | undefined
}

/** Gives a login its first refresh token, by the client's settings and what Actions decided (spec/refresh-tokens.md §3). Errors: the database's. */
@Injectable()
export class FirstRefreshToken {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly commands: CommandBus,
  ) {}

  async issue(
    familyId: string,
    { client, decided, execution, ...login }: FirstLogin,
    { origin, context }: { readonly origin: Origin; readonly context: Context },
    { confidential, proofs }: TokenSender,
  ): Promise<ExpirationParameters & { readonly refresh_token: string }> {
    const policy = refreshTokenPolicy(client)
    // A confidential client's tokens are bound by its authentication (RFC 9449 §5).
    const dpopThumbprint = confidential ? null : (thumbprintOf(proofs) ?? null)
    const terms = { ...login, clientId: client.client_id, rotating: policy.rotating, dpopThumbprint, ...(decided && attached(decided)) }
    const cause = { ...context, ...(execution && { actions: execution }) }
    const issued = await this.commands.execute(new IssueRefreshToken(terms, policy, origin, cause, familyId))
    return { refresh_token: issued.refreshToken, ...expirationParameters(this.config, issued, issued.at) }
  }
}

/** The operations were checked at the login, against empty metadata: a new refresh token has none either. */
function attached({ refreshToken: { operations, ...wantedEnds } }: IssuanceDecisions): {
  readonly metadata: Readonly<Record<string, string>>
  readonly wantedEnds: WantedEnds
} {
  return { metadata: replayMetadata({}, operations), wantedEnds }
}
