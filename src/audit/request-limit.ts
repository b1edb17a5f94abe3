import { Injectable } from '@nestjs/common'
import type { Request, Response } from 'express'
import { hasTooManyHeaderBytes } from '../http/header-bytes.js'
import { OAuthError } from '../http/oauth-error.js'
import { callerOf, RateLimits } from '../http/rate-limits.js'
import { requestContext } from '../http/request-context.js'
import { PersonKeys } from '../keys/person-keys.js'
import { visitorsOf } from '../keys/visitor.js'
import type { AuditEvent } from './audit.events.js'
import { Audit } from './audit.js'

const TOO_MANY = 'Too many requests. Check the X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset headers.'

/** Counts what one address asks of the OAuth endpoints and pages; every answer says how much is left (spec/oauth.md §1.4). */
@Injectable()
export class RequestLimit {
  constructor(
    private readonly limits: RateLimits,
    private readonly audit: Audit,
    private readonly personKeys: PersonKeys,
  ) {}

  /** Errors: OAuthError too_many_requests, or payload_too_large for headers that are. */
  async count(req: Request, res: Response): Promise<void> {
    await this.#count(req, res)
    if (hasTooManyHeaderBytes(req)) throw new OAuthError('payload_too_large', 'The headers of the request are too large.', undefined, { status: 431 })
  }

  /** The first refusal in a window is recorded, as is coming near it. */
  async #count(req: Request, res: Response): Promise<void> {
    const counted = await this.limits.count('oauth', callerOf(req.ip ?? ''), res)
    if (!counted) return
    const { near, firstRefusal, exceeded, limit, used } = counted
    const data = { bucket: 'oauth', size: limit, method: req.method, path: req.path }
    if (near) await this.#record(req, { type: 'RateLimitNear', data: { ...data, usage: used } })
    if (firstRefusal) await this.#record(req, { type: 'RateLimited', data })
    if (exceeded) throw new OAuthError('too_many_requests', TOO_MANY)
  }

  async #record(req: Request, fact: AuditEvent): Promise<void> {
    const { origin, context } = requestContext(req)
    const sealed = await this.personKeys.seal(visitorsOf(), origin)
    await this.audit.record(fact, { ...context, origin: sealed })
  }
}
