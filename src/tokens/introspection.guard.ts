import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import type { Response } from 'express'
import { clientRefused, type PresentedAccessToken } from '../authorization/index.js'
import { CONFIG, type Config } from '../config.js'
import { OAuthError } from '../http/oauth-error.js'
import { type AuthenticatedRequest, ClientAuthenticationGuard } from './client-authentication.guard.js'
import { accessRefused, inAuthorization, PossessionCheck } from './presented-access-token.js'
import { ReadAccessToken } from './queries/read-access-token.js'

/** Who may look into tokens: a confidential client into its own, and who holds a Management API token for it into all. */
export interface IntrospectionRequest extends AuthenticatedRequest {
  /** Came with a token of the Management API. */
  seesAll?: boolean
}

@Injectable()
export class IntrospectionGuard implements CanActivate {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly queries: QueryBus,
    private readonly clients: ClientAuthenticationGuard,
    private readonly possession: PossessionCheck,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!this.config.settings.introspectionEnabled) throw new OAuthError('endpoint_disabled', 'Introspection is switched off.')
    const req = context.switchToHttp().getRequest<IntrospectionRequest>()
    const presented = inAuthorization(req.headers.authorization)
    if (presented) return (req.seesAll = await this.#mayReadAll(presented, req, context.switchToHttp().getResponse<Response>()))
    await this.clients.canActivate(context)
    // A public client has only named itself (RFC 7662 §2.1).
    if (!req.confidential) throw clientRefused(this.config.settings, { reason: 'a public client' })
    return true
  }

  async #mayReadAll(presented: PresentedAccessToken, req: IntrospectionRequest, res: Response): Promise<true> {
    const { scheme } = presented
    const token = await this.queries.execute(new ReadAccessToken(presented.text))
    const isOperators = token?.audience.includes(`${this.config.issuer}api/v2/`) && (token.user === undefined || token.user.administrator)
    if (!token || !isOperators) throw accessRefused(scheme, 'invalid_token', 'The access token is not good for introspection.')
    await this.possession.check(token, presented, req, res)
    if (!token.scope.includes('read:refresh_tokens')) {
      throw accessRefused(scheme, 'insufficient_scope', 'Introspection needs the scope read:refresh_tokens.')
    }
    return true
  }
}
