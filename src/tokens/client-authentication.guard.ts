import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { AuthenticateClient } from '../authorization/index.js'
import { clientRequest, type OAuthRequest } from './oauth-request.guard.js'

/** A request of a client that is who it says. */
export interface AuthenticatedRequest extends OAuthRequest {
  client: NonNullable<OAuthRequest['client']>
  /** It has a secret or a key, and has shown it. */
  confidential: boolean
}

/** Who is calling (spec/oauth.md §1.3); nobody else gets further. */
@Injectable()
export class ClientAuthenticationGuard implements CanActivate {
  constructor(private readonly commands: CommandBus) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const req = context.switchToHttp().getRequest<AuthenticatedRequest>()
    const { client, method } = await this.commands.execute(new AuthenticateClient(clientRequest(req)))
    req.client = client
    req.confidential = method !== 'none'
    return true
  }
}
