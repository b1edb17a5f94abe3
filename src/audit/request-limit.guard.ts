import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import type { Request, Response } from 'express'
import { RequestLimit } from './request-limit.js'

/** Counts a request to an OAuth endpoint whose route does not do it itself. */
@Injectable()
export class RequestLimitGuard implements CanActivate {
  constructor(private readonly limit: RequestLimit) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp()
    await this.limit.count(http.getRequest<Request>(), http.getResponse<Response>())
    return true
  }
}
