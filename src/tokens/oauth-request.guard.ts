import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import type { Request, Response } from 'express'
import { RequestLimit } from '../audit/request-limit.js'
import { allowsOrigin, claimedClientId, type ClientDocument, type ClientRequest, FindClient, IsKnownOrigin } from '../authorization/index.js'
import { formParameters, type Parameters, readParameters } from '../http/body.js'
import { allowOrigin, originOf } from '../http/cors.js'
import { OAuthError } from '../http/oauth-error.js'
import { clientCertificateOf } from '../http/client-certificates.js'

/** A request whose parameters have been read: those of its body, or of its query where there is no body. */
export interface OAuthRequest extends Request {
  body: Parameters
  client?: ClientDocument
}

/** What endpoints do first that only servers call: count the request, and read its body once. No script may read the answer (spec/oauth.md §1.6). */
@Injectable()
export class ServerRequestGuard implements CanActivate {
  constructor(private readonly limit: RequestLimit) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp()
    const req = http.getRequest<OAuthRequest>()
    await this.limit.count(req, http.getResponse<Response>())
    await readBody(req)
    return true
  }
}

/**
 * What the other OAuth endpoints do first: count the request, read its body once, and say which browsers may read the answer, refusals included:
 * a script that cannot read a refusal takes it for a network failure, and tries its refresh token again.
 */
@Injectable()
export class OAuthRequestGuard implements CanActivate {
  constructor(
    private readonly queries: QueryBus,
    private readonly limit: RequestLimit,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const req = context.switchToHttp().getRequest<OAuthRequest>()
    const res = context.switchToHttp().getResponse<Response>()
    const origin = originOf(req.get('origin'))
    res.vary('Origin')
    try {
      await this.limit.count(req, res)
      await readBody(req)
    } catch (error) {
      if (origin !== undefined && (await this.queries.execute(new IsKnownOrigin(origin)))) allowOrigin(res, origin)
      throw error
    }
    if (origin !== undefined && (await this.#isAllowed(origin, req))) allowOrigin(res, origin)
    return true
  }

  /** The client's own origins count; a request that names no client is answered like a preflight. */
  async #isAllowed(origin: string, req: OAuthRequest): Promise<boolean> {
    const clientId = claimedClientId(clientRequest(req))
    const client = clientId === undefined ? undefined : await this.queries.execute(new FindClient({ clientId }))
    return client ? allowsOrigin(client.document, origin) : this.queries.execute(new IsKnownOrigin(origin))
  }
}

const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/** Where a request says who sends it. */
export const clientRequest = (req: OAuthRequest): ClientRequest => {
  const { body, headers } = req
  return {
    clientId: body['client_id'],
    clientSecret: body['client_secret'],
    assertion: body['client_assertion'],
    assertionType: body['client_assertion_type'],
    authorization: headers.authorization,
    certificate: clientCertificateOf(req),
  }
}

/** Texts that no database can hold are no parameters: refused here, they need to be feared nowhere behind. */
async function readBody(req: OAuthRequest): Promise<void> {
  req.body = BODILESS.has(req.method) ? formParameters(req.url.split('?')[1] ?? '') : await readParameters(req)
  const unfit = Object.entries(req.body).find(([, value]) => /\0|\p{Surrogate}/u.test(value))
  if (unfit) throw new OAuthError('invalid_request', `Parameter with characters that are no text: ${unfit[0].slice(0, 64)}`)
}
