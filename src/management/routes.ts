import 'reflect-metadata'
import { Injectable, RequestMethod } from '@nestjs/common'
import { HTTP_CODE_METADATA, METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js'
import { DiscoveryService, MetadataScanner } from '@nestjs/core'
import { OPERATION, type Operation, PUBLIC, REQUIRED_SCOPES, type RequiredScopes } from './scopes.js'
import { PARAMETERS } from './parameters.js'
import type { BodyPipe } from './validation/valid-body.js'

/** A route under /api/v2 as its decorators describe it. */
export interface Route {
  /** `GET`, `POST`, … */
  readonly method: string
  /** From the root, as Express writes it: `/api/v2/clients/:id`. */
  readonly path: string
  readonly isPublic: boolean
  readonly scopes: RequiredScopes | undefined
  readonly operation: Operation | undefined
  /** The status of its success. */
  readonly status: number
  /** Query parameters that it reads. */
  readonly parameters: readonly string[]
  /** What its body must fit; absent where it takes none, or any. */
  readonly body: BodyPipe<unknown>['body'] | undefined
  readonly takesBody: boolean
}

/** RouteParamtypes.BODY of Nest, which it does not export. */
const BODY = 3

/** All routes of the running app under /api/v2 but the one for addresses that are not there, whatever module brought them. */
@Injectable()
export class Routes {
  #all: readonly Route[] | undefined

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  all(): readonly Route[] {
    this.#all ??= this.discovery
      .getControllers()
      .filter(({ metatype }) => /^\/?api\/v2(\/|$)/.test(pathOf(metatype)))
      .flatMap(({ instance, metatype }) => this.#routesOf(Object.getPrototypeOf(instance) as Handlers, metatype as object))
    return this.#all
  }

  #routesOf(prototype: Handlers, controller: object): Route[] {
    return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
      const handler = prototype[name]!
      const code = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined
      if (code === undefined || code === RequestMethod.ALL) return []
      const method = RequestMethod[code]
      const args = Object.entries((Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) as Arguments | undefined) ?? {})
      const bodies = args.filter(([key]) => key.startsWith(`${BODY}:`)).flatMap(([, { pipes }]) => pipes)
      return [
        {
          method,
          path: `/${pathOf(controller)}/${pathOf(handler)}`.replace(/\/{2,}/g, '/').replace(/\/$/, ''),
          isPublic: read<boolean>(PUBLIC, handler) ?? false,
          scopes: read<RequiredScopes>(REQUIRED_SCOPES, handler),
          operation: read<Operation>(OPERATION, handler),
          status: read<number>(HTTP_CODE_METADATA, handler) ?? (method === 'POST' ? 201 : 200),
          parameters: read<readonly string[]>(PARAMETERS, handler) ?? [],
          body: bodies.find((pipe): pipe is BodyPipe<unknown> => typeof pipe === 'object' && pipe !== null && 'body' in pipe)?.body,
          takesBody: args.some(([key]) => key.startsWith(`${BODY}:`)),
        },
      ]
    })
  }
}

type Handlers = Record<string, () => unknown>
type Arguments = Record<string, { readonly pipes: readonly unknown[] }>

const read = <T>(key: string, target: object): T | undefined => Reflect.getMetadata(key, target) as T | undefined

const pathOf = (target: object | null | undefined): string => String((target && Reflect.getMetadata(PATH_METADATA, target)) ?? '')
