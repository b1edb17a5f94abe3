import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import type { Response } from 'express'
import { allowOrigin } from './cors.js'

/** Lets scripts of every origin read whatever a route of public data answers, refusals included: before any other guard can refuse. */
@Injectable()
export class AnyOriginGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    allowOrigin(context.switchToHttp().getResponse<Response>(), '*')
    return true
  }
}
