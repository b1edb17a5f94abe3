import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import type { Response } from 'express'
import type { JWTPayload } from 'jose'
import { FindClient, possessionRefused, type PresentedAccessToken } from '../authorization/index.js'
import { CONFIG, type Config } from '../config.js'
import { ManagementError } from '../http/management-error.js'
import { callerOf, RateLimits } from '../http/rate-limits.js'
import { requestContext } from '../http/request-context.js'
import { PersonKeys } from '../keys/person-keys.js'
import { visitorsOf } from '../keys/visitor.js'
import { SigningKeys } from '../keys/signing-keys.js'
import { InvalidTokenError, verifyJwt } from '../keys/verify-jwt.js'
import { FindUser } from '../users/index.js'
import { type CallerOf, holds, insufficientScope, type ManagementRequest } from './caller.js'
import { ManagementAudit } from './management-audit.js'
import { PUBLIC, REQUIRED_SCOPES, type RequiredScopes } from './scopes.js'

/** Lets a request in by its access token (spec/management-api.md §1.2, §1.6). A route that names no scope lets nobody in. */
@Injectable()
export class ManagementAuthGuard implements CanActivate {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly reflector: Reflector,
    private readonly keys: SigningKeys,
    private readonly personKeys: PersonKeys,
    private readonly queries: QueryBus,
    private readonly commands: CommandBus,
    private readonly audit: ManagementAudit,
    private readonly limits: RateLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const handler = context.getHandler()
    const req = context.switchToHttp().getRequest<ManagementRequest>()
    const res = context.switchToHttp().getResponse<Response>()
    const address = `address ${callerOf(req.ip ?? '')}`
    if (this.reflector.get<boolean | undefined>(PUBLIC, handler)) {
      await this.#count(req, address, res)
      return true
    }
    const required = this.reflector.get<RequiredScopes | undefined>(REQUIRED_SCOPES, handler)
    if (!required) throw new ManagementError(403, 'The account is not allowed to perform this operation.', 'operation_not_supported')
    const caller = await this.#caller(req, res).catch(async (error: unknown) => {
      if (error instanceof ManagementError) await this.#count(req, address, res)
      throw error
    })
    await this.#count(req, `client ${caller.clientId}`, res, caller)
    req.management = caller
    if (holds(caller, required)) return true
    const refusal = insufficientScope(required)
    await this.audit.failed(context, refusal)
    throw refusal
  }

  /** Whoever shows no good token is counted by address. Errors: ManagementError 429. */
  async #count(req: ManagementRequest, key: string, res: Response, caller?: CallerOf): Promise<void> {
    const counted = await this.limits.count('management', key, res)
    if (counted && caller) await this.audit.limited(req, caller, counted)
    if (counted?.exceeded) throw new ManagementError(429, 'Global limit has been reached', 'too_many_requests')
  }

  async #caller(req: ManagementRequest, res: Response): Promise<CallerOf> {
    const token = presentedToken(req.headers.authorization)
    const claims = await this.#claims(token.text)
    const clientId = typeof claims['azp'] === 'string' ? claims['azp'] : ''
    const userId = claims.sub !== undefined && claims.sub !== `${clientId}@clients` ? claims.sub : undefined
    // A token outlives what it was issued to, so both are looked up.
    const [client, administers] = await Promise.all([
      this.queries.execute(new FindClient({ clientId })),
      userId === undefined ? true : this.#administers(userId),
    ])
    if (!client) throw unauthorized('Invalid token')
    if (claims['cnf'] !== undefined || token.scheme === 'DPoP') {
      const isPublic = (): boolean => client.document.token_endpoint_auth_method === 'none'
      const refused = await possessionRefused(this.commands, { ...token, cnf: claims['cnf'], isPublic }, req, res)
      if (refused) throw challenge(token, refused.code, refused.description)
    }
    const scopes = String((claims['scope'] as string | undefined) ?? '')
      .split(' ')
      .filter((scope) => scope !== '' && (administers || OWN_USER.test(scope)))
    const { origin, context } = requestContext(req)
    const sealed = await this.personKeys.seal(userId ?? visitorsOf(), origin)
    const by = { actor: userId ?? `${clientId}@clients`, clientId, ...(userId !== undefined && { userId }) }
    return {
      clientId,
      ...(userId !== undefined && { userId }),
      scopes: new Set(scopes),
      ...(typeof claims.jti === 'string' && { tokenId: claims.jti }),
      context: { ...context, ...by, origin: sealed },
      revealed: new Set(),
    }
  }

  async #claims(token: string): Promise<JWTPayload> {
    const { issuer } = this.config
    try {
      return await verifyJwt(this.keys, token, { issuer, audience: `${issuer}api/v2/` })
    } catch (error) {
      if (!(error instanceof InvalidTokenError)) throw error
      if (error.expired) throw unauthorized('Expired token received for JSON Web Token validation')
      if (/signature|unknown key/.test(error.message)) throw unauthorized('Invalid signature received for JSON Web Token validation')
      throw unauthorized('Invalid token')
    }
  }

  /** Whether a person may do more than act on themselves. Errors: ManagementError 401 for one who is gone or blocked. */
  async #administers(userId: string): Promise<boolean> {
    const user = await this.queries.execute(new FindUser({ userId }))
    if (!user || user.document.blocked) throw unauthorized('Invalid token')
    return user.administrator
  }
}

const OWN_USER = /^(read|update|create|delete):current_user/
const SCHEMES = ['Bearer', 'DPoP'] as const
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/

const unauthorized = (message: string): ManagementError => new ManagementError(401, message)

/** DPoP clients read what is wrong from the header (RFC 9449 §7.1); of the token itself nobody is told more than that it is invalid. */
const challenge = ({ scheme }: PresentedAccessToken, code: string, description: string): ManagementError =>
  new ManagementError(401, code === 'invalid_token' ? 'Invalid token' : description, undefined, { 'WWW-Authenticate': `${scheme} error="${code}"` })

function presentedToken(header: string | undefined): PresentedAccessToken {
  if (header === undefined || header === '') throw unauthorized('Missing authentication')
  const [scheme, token, ...rest] = header.trim().split(/ +/)
  const known = SCHEMES.find((name) => name.toLowerCase() === scheme?.toLowerCase())
  if (known === undefined || token === undefined || rest.length > 0 || !JWT.test(token)) {
    throw new ManagementError(400, 'Bad HTTP authentication header format', 'Bearer')
  }
  return { scheme: known, text: token }
}
