import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import type { Request, Response } from 'express'
import { IsKnownOrigin } from '../authorization/index.js'
import { allowOrigin, answerPreflight, originOf } from '../http/cors.js'

/** Answers OPTIONS. A preflight names no client, so an origin that any client knows will do (spec/oauth.md §1.5). */
@Injectable()
export class PreflightGuard implements CanActivate {
  constructor(private readonly queries: QueryBus) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const req = context.switchToHttp().getRequest<Request>()
    const res = context.switchToHttp().getResponse<Response>()
    const origin = originOf(req.get('origin'))
    res.vary('Origin')
    if (origin !== undefined && (await this.queries.execute(new IsKnownOrigin(origin)))) allowOrigin(res, origin)
    answerPreflight(res)
    return true
  }
}
