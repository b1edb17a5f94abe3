import { All, Req } from '@nestjs/common'
import type { Request } from 'express'
import { ManagementError } from '../http/management-error.js'
import { ManagementController } from './management-controller.js'
import { Routes } from './routes.js'
import { Public } from './scopes.js'

/** What no route of the API took: an address that is there for other methods, or none at all. The last controller of its module. */
@ManagementController()
export class UnmatchedController {
  #patterns: readonly { readonly pattern: RegExp; readonly method: string }[] | undefined

  constructor(private readonly routes: Routes) {}

  @All(['', '{*path}'])
  @Public()
  unmatched(@Req() req: Request): never {
    this.#patterns ??= this.routes.all().map(({ path, method }) => ({ pattern: patternOf(path), method }))
    const allowed = [...new Set(this.#patterns.filter(({ pattern }) => pattern.test(req.path)).map(({ method }) => method))].sort()
    if (allowed.length === 0) throw new ManagementError(404, 'Not Found')
    throw new ManagementError(405, 'Method Not Allowed', undefined, { Allow: allowed.join(', ') })
  }
}

const patternOf = (path: string): RegExp => {
  const segments = path.split('/').filter((segment) => segment !== '')
  return new RegExp(`^/${segments.map((segment) => (segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))).join('/')}/?$`, 'i')
}
