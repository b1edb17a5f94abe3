import { STATUS_CODES } from 'node:http'
import type { Route } from '../routes.js'
import { schemaOf } from '../validation/schema.js'
import { queryParameter } from './query-parameters.js'

const BASE = /^\/api\/v2/
const NO_CONTENT = [202, 204]

/** An OpenAPI 3.1 document; its parts are what the page shows. */
export interface ApiDocument {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers: readonly { readonly url: string }[]
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>
  readonly components: object
}

export interface ApiOperation {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly [string]
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly description?: string }[]
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<'application/json', { readonly schema: object }>> }
  readonly responses: Readonly<Record<string, object>>
}

/**
 * The description of the Management API, generated from what its routes say of themselves. A route that any of several scopes opens has
 * an alternative for each; `…:current_user…` scopes let people act on themselves alone.
 */
export function apiDocument(routes: readonly Route[], issuer: string): ApiDocument {
  const described = routes.filter(({ isPublic }) => !isPublic).map((route) => ({ ...route, path: templateOf(route.path) }))
  const sorted = described.sort((a, b) => compare(a.path, b.path) || compare(a.method, b.method))
  const paths: Record<string, Record<string, ApiOperation>> = {}
  for (const route of sorted) paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) }
  const scopes = [...new Set(sorted.flatMap((route) => route.scopes?.scopes ?? []))].sort()
  return {
    openapi: '3.1.0',
    info: {
      title: 'Evergrant Management API',
      version: '2',
      description: "Auth0's Management API v2 as Evergrant answers it. Errors are `{statusCode, error, message, errorCode}`.",
    },
    servers: [{ url: `${issuer}api/v2` }],
    tags: [...new Set(sorted.map(({ path }) => tagOf(path)))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        oauth2: {
          type: 'oauth2',
          description: `Tokens for the audience ${issuer}api/v2/`,
          flows: {
            clientCredentials: { tokenUrl: `${issuer}oauth/token`, scopes: Object.fromEntries(scopes.map((scope) => [scope, scope.replace(':', ' ')])) },
          },
        },
      },
      schemas: { Error: ERROR },
    },
  }
}

function operationOf(route: Route): ApiOperation {
  const { method, path, scopes, operation, parameters, status } = route
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
  const content = bodyOf(route)
  const required = scopes?.mode === 'all' ? [[...scopes.scopes]] : (scopes?.scopes ?? []).map((scope) => [scope])
  return {
    operationId: `${method.toLowerCase()}${path.split('/').map(capitalized).join('')}`,
    summary: operation?.name ?? readingOf(path),
    tags: [tagOf(path)],
    security: required.map((alternative) => ({ oauth2: alternative })),
    parameters: [...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })), ...parameters.map(queryParameter)] as never,
    ...(content && { requestBody: { required: method !== 'DELETE', content: { 'application/json': { schema: content } } } }),
    responses: { ...(status < 400 && { [status]: successOf(status) }), ...errorsOf(route) },
  }
}

function bodyOf({ body, takesBody }: Route): object | undefined {
  if (body) return body.isList ? { type: 'array', items: schemaOf(body.type) } : schemaOf(body.type)
  return takesBody ? {} : undefined
}

const successOf = (status: number): object => ({
  description: STATUS_CODES[status] ?? 'Success',
  ...(!NO_CONTENT.includes(status) && { content: { 'application/json': {} } }),
})

function errorsOf({ path, status, takesBody, parameters }: Route): object {
  const checks = takesBody || parameters.length > 0
  const codes = [...(checks ? [400] : []), 401, 403, ...(path.includes('{') ? [404] : []), 429, ...(status >= 400 ? [status] : [])]
  const error = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } }
  return Object.fromEntries(codes.map((code) => [code, { description: STATUS_CODES[code] ?? 'Error', content: error }]))
}

const ERROR = {
  type: 'object',
  required: ['statusCode', 'error', 'message'],
  properties: {
    statusCode: { type: 'integer' },
    error: { type: 'string', description: 'The reason phrase of the status.' },
    message: { type: 'string' },
    errorCode: { type: 'string' },
  },
}

/** `/api/v2/clients/:id` as `/clients/{id}`. */
const templateOf = (path: string): string => path.replace(BASE, '').replace(/:(\w+)/g, '{$1}')

const tagOf = (path: string): string => path.split('/')[1]!

const capitalized = (segment: string): string =>
  segment
    .replace(/[{}]/g, '')
    .split(/[-.]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')

/** A title for a read, from its address: what the log names are writes. */
function readingOf(path: string): string {
  const named = path.split('/').filter((segment) => segment !== '' && !segment.startsWith('{'))
  const words = named.join(' ').replaceAll('-', ' ')
  return path.endsWith('}') ? `Get one of ${words}` : `Get ${words}`
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
