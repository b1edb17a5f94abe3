import { All, Req, RequestMethod } from '@nestjs/common'
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js'
import { DiscoveryService, MetadataScanner } from '@nestjs/core'
import type { Request } from 'express'
import { ManagementError } from '../http/management-error.js'
import { ManagementController } from './management-controller.js'
import { Public } from './scopes.js'

/** What no route of the API took: an address that is there for other methods, or none at all. The last controller of its module. */
@ManagementController()
export class UnmatchedController {
  #routes: readonly { readonly pattern: RegExp; readonly method: string }[] | undefined

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  @All('{*path}')
  @Public()
  unmatched(@Req() req: Request): never {
    this.#routes ??= this.#collect()
    const allowed = [...new Set(this.#routes.filter(({ pattern }) => pattern.test(req.path)).map(({ method }) => method))].sort()
    if (allowed.length === 0) throw new ManagementError(404, 'Not Found')
    throw new ManagementError(405, 'Method Not Allowed', undefined, { Allow: allowed.join(', ') })
  }

  #collect(): { pattern: RegExp; method: string }[] {
    const controllers = this.discovery.getControllers().filter(({ metatype }) => metatype !== UnmatchedController && /^api\/v2(\/|$)/.test(pathOf(metatype)))
    return controllers.flatMap(({ instance, metatype }) => {
      const prototype = Object.getPrototypeOf(instance) as Record<string, () => unknown>
      return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
        const handler = prototype[name]!
        const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined
        return method === undefined ? [] : [{ pattern: patternOf(`${pathOf(metatype)}/${pathOf(handler)}`), method: RequestMethod[method] }]
      })
    })
  }
}

const pathOf = (target: object | null | undefined): string => String((target && Reflect.getMetadata(PATH_METADATA, target)) ?? '')

const patternOf = (path: string): RegExp => {
  const segments = path.split('/').filter((segment) => segment !== '')
  return new RegExp(`^/${segments.map((segment) => (segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))).join('/')}/?$`, 'i')
}
