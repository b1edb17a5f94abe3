import { type CallHandler, type ExecutionContext, HttpException, Injectable, type NestInterceptor } from '@nestjs/common'
import type { Response } from 'express'
import { lastValueFrom, type Observable, of } from 'rxjs'
import { ManagementError } from '../http/management-error.js'
import { ManagementAudit } from './management-audit.js'

/** Records what was written and what was refused, committed before the answer is sent. */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(private readonly audit: ManagementAudit) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const result = await this.#handled(context, next)
    await this.audit.succeeded(context, context.switchToHttp().getResponse<Response>().statusCode, result)
    return of(result)
  }

  async #handled(context: ExecutionContext, next: CallHandler): Promise<unknown> {
    try {
      return await lastValueFrom(next.handle() as Observable<unknown>, { defaultValue: undefined })
    } catch (error) {
      const status = error instanceof ManagementError ? error.status : error instanceof HttpException ? error.getStatus() : 500
      if (status < 500) await this.audit.failed(context, { status, message: (error as Error).message })
      throw error
    }
  }
}
