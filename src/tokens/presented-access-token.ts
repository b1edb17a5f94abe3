import { Injectable } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import type { Response } from 'express'
import { FindClient, possessionRefused, type PresentedAccessToken } from '../authorization/index.js'
import { OAuthError, type OAuthErrorCode } from '../http/oauth-error.js'
import type { OAuthRequest } from './oauth-request.guard.js'
import type { AccessToken } from './queries/read-access-token.js'

/** The token of an Authorization header (RFC 6750 §2.1, RFC 9449 §7.1); undefined for any other. */
export function inAuthorization(header: string | undefined): PresentedAccessToken | undefined {
  const [, scheme, text] = /^(bearer|dpop) +(\S+)\s*$/i.exec(header ?? '') ?? []
  return text === undefined ? undefined : { scheme: scheme!.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer', text }
}

/** A refusal in the words of the scheme that the token came with (RFC 6750 §3, RFC 9449 §7.1). `more`: further parameters of the challenge. */
export function accessRefused(
  scheme: PresentedAccessToken['scheme'],
  code: Extract<OAuthErrorCode, 'invalid_token' | 'insufficient_scope' | 'use_dpop_nonce' | 'invalid_dpop_proof'>,
  description: string,
  more = '',
): OAuthError {
  const headers = { 'WWW-Authenticate': `${scheme} error="${code}"${more}` }
  return new OAuthError(code, description, undefined, { headers, ...(code !== 'insufficient_scope' && { status: 401 }) })
}

/** Whether who presents a bound access token is who it is bound to. */
@Injectable()
export class PossessionCheck {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** Errors: OAuthError 401. */
  async check({ claims, clientId }: AccessToken, presented: PresentedAccessToken, req: OAuthRequest, res: Response): Promise<void> {
    const isPublic = async (): Promise<boolean> => {
      const client = await this.queries.execute(new FindClient({ clientId }))
      return client?.document.token_endpoint_auth_method === 'none'
    }
    const refused = await possessionRefused(this.commands, { ...presented, cnf: claims['cnf'], isPublic }, req, res)
    if (refused) throw accessRefused(presented.scheme, refused.code, refused.description)
  }
}
