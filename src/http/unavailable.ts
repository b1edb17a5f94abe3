import { Logger } from '@nestjs/common'
import type { Request, Response } from 'express'
import { isTransient } from '../database/errors.js'
import { ConcurrencyError } from '../event-store/event-store.js'
import { NotYetError } from '../event-store/projection.js'
import { routeOf } from './route.js'

const log = new Logger('http')

/** A database that cannot be reached, a stream that everybody wants, a list that is behind: a matter of a moment, so 503 and never a lost answer. */
export const isUnavailable = (error: unknown): boolean => isTransient(error) || error instanceof ConcurrencyError || error instanceof NotYetError

/** What its caller is not told, the operator is. */
export function logUnavailable(error: unknown, req: Request, res: Response): void {
  log.warn('a request could not be answered now', { reason: String(error), route: routeOf(req), requestId: res.locals['requestId'] as unknown })
}
