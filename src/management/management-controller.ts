import { applyDecorators, Controller, UseFilters, UseGuards, UseInterceptors } from '@nestjs/common'
import { ManagementErrorFilter } from '../http/management-error.js'
import { AuditInterceptor } from './audit.interceptor.js'
import { ManagementAuthGuard } from './management-auth.guard.js'
import { RequestInterceptor } from './request.interceptor.js'

/** A controller under /api/v2 with all that every route has: token and scopes, the body, the log, error bodies. */
export const ManagementController = (path = ''): ClassDecorator =>
  applyDecorators(
    Controller(`api/v2${path && `/${path}`}`),
    UseGuards(ManagementAuthGuard),
    UseInterceptors(AuditInterceptor, RequestInterceptor),
    UseFilters(ManagementErrorFilter),
  )
