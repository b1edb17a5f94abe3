import { Agent, request as httpRequest } from 'node:http'
import { RequestMethod } from '@nestjs/common'
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js'
import { MetadataScanner, ModulesContainer } from '@nestjs/core'
import { getMetadataStorage } from 'class-validator'
import type { TestApp } from './app.js'

export interface Route {
  readonly method: string
  /** As in the controller, with a slash before it: /api/v2/clients/:id */
  readonly path: string
  /** What the class of its body names. */
  readonly members: readonly string[]
}

/** Every route of the running app, whatever module brought it. */
export function routesOf({ app }: TestApp): Route[] {
  const controllers = [...app.get(ModulesContainer).values()].flatMap(({ controllers }) => [...controllers.values()])
  const routes = controllers.flatMap(({ metatype }) => {
    const prototype = (metatype as { prototype: Record<string, () => unknown> }).prototype
    return new MetadataScanner().getAllMethodNames(prototype).flatMap((name): Route[] => {
      const handler = prototype[name]!
      const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined
      if (method === undefined) return []
      const members = membersOf((Reflect.getMetadata('design:paramtypes', prototype, name) ?? []) as unknown[])
      return pathsOf(metatype as object).flatMap((prefix) =>
        pathsOf(handler).map((path) => ({ method: RequestMethod[method], path: `/${prefix}/${path}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1'), members })),
      )
    })
  })
  return routes.sort((a, b) => (`${a.path} ${a.method}` < `${b.path} ${b.method}` ? -1 : 1))
}

const pathsOf = (target: object): string[] => [(Reflect.getMetadata(PATH_METADATA, target) ?? '') as string | string[]].flat()

const membersOf = (types: unknown[]): string[] => {
  const classes = types.filter((type): type is new () => object => typeof type === 'function' && type !== Object)
  const named = classes.flatMap((type) => getMetadataStorage().getTargetValidationMetadatas(type, '', true, false))
  return [...new Set(named.map(({ propertyName }) => propertyName))].filter((name) => name !== undefined)
}

export interface Sent {
  readonly method: string
  /** As it goes over the wire; nothing is encoded or put right. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** Keeps connections, for less time than the service does. */
const agent = new Agent({ keepAlive: true, timeout: 1000 })

/** No answer within this is a hang. */
const BOUND_MS = 15_000

/** Sends what fetch would put right or refuse. A path may hold any characters of latin-1 but blanks. */
export const send = ({ config }: TestApp, { method, path, headers = {}, body }: Sent): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const outgoing = httpRequest(
      { host: 'localhost', port: config.port, method, path, headers: { ...length, ...headers }, agent, timeout: BOUND_MS },
      (incoming) => {
        let text = ''
        // A stream of events is answered with its first line, and has no end.
        if (incoming.headers['content-type']?.startsWith('text/event-stream')) {
          resolve({ status: incoming.statusCode!, headers: incoming.headers, text })
          return void incoming.destroy()
        }
        incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        incoming.once('error', reject).once('end', () => resolve({ status: incoming.statusCode!, headers: incoming.headers, text }))
      },
    )
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer within ${BOUND_MS} ms: ${method} ${path.slice(0, 200)}`)))
    outgoing.once('error', reject).end(body)
  })

const INSIDES = /node_modules|\bat \S+ \(|\.(ts|js):\d+|syntax error at|violates|invalid input syntax|relation "|SQLSTATE/

/** What is wrong with an answer to a hostile request; undefined if it is a clean one, in the format of its address. */
export function flawOf(path: string, { status, headers, text }: Answered): string | undefined {
  if (status < 200 || status >= 500) return `status ${status}`
  if (INSIDES.test(text)) return 'shows its insides'
  const type = String(headers['content-type'])
  if (type.startsWith('text/html') && text.includes('<script>alert')) return 'shows HTML of the caller'
  if (status < 400 || text === '') return undefined
  if (type.startsWith('text/html'))
    return /^\/(authorize|continue|u\/|v2\/logout|oidc\/logout)/.test(path) && /role="alert"/.test(text) ? undefined : 'a page without an alert'
  if (!type.startsWith('application/json')) return `type ${type}`
  const body = JSON.parse(text) as Record<string, unknown>
  if (/^\/api\/v2(\/|$)/i.test(path)) {
    return body['statusCode'] === status && [body['error'], body['message']].every((member) => typeof member === 'string')
      ? undefined
      : 'not a Management error'
  }
  return [body['error'], body['error_description']].every((member) => typeof member === 'string') ? undefined : 'not an OAuth error'
}
