import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { RequestMethod } from '@nestjs/common'
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js'
import { MetadataScanner, ModulesContainer } from '@nestjs/core'
import { Validator } from '@seriousme/openapi-schema-validator'
import { PUBLIC, REQUIRED_SCOPES, type RequiredScopes } from '../../src/management/scopes.js'
import { type Json, startApp, type TestApp } from '../support/app.js'

interface Operation {
  readonly operationId: string
  readonly security: readonly { readonly oauth2: readonly string[] }[]
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: { readonly type?: string; readonly enum?: string[] } }[]
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Json } } }
  readonly responses: Readonly<Record<string, unknown>>
}
interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

let service: TestApp
let document: Described
beforeAll(async () => {
  service = await startApp()
  document = (await (await fetch(`${service.url}api/v2/openapi.json`)).json()) as Described
})
afterAll(() => service.close())

/** `METHOD /path` of what is described, with its operation. */
const described = (): [string, string, Operation][] =>
  Object.entries(document.paths).flatMap(([address, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, Operation] => [method.toUpperCase(), address, operation]),
  )

/** What the running app's routes are and ask for, read from its modules and not by the code that makes the description. */
function routes(): Record<string, RequiredScopes> {
  const controllers = [...service.app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()])
  const found = controllers.flatMap(({ metatype }) => {
    const prefix = String(Reflect.getMetadata(PATH_METADATA, metatype as object) ?? '')
    if (!prefix.startsWith('api/v2')) return []
    const prototype = (metatype as { prototype: Record<string, () => unknown> }).prototype
    return new MetadataScanner().getAllMethodNames(prototype).flatMap((name): [string, RequiredScopes][] => {
      const handler = prototype[name]!
      const method = Reflect.getMetadata(METHOD_METADATA, handler) as number | undefined
      if (method === undefined || Reflect.getMetadata(PUBLIC, handler)) return []
      const address = `${prefix}/${Reflect.getMetadata(PATH_METADATA, handler) as string}`.replace(/\/+/g, '/').replace(/\/$/, '').slice('api/v2'.length)
      return [[`${RequestMethod[method]} ${address.replace(/:(\w+)/g, '{$1}')}`, Reflect.getMetadata(REQUIRED_SCOPES, handler) as RequiredScopes]]
    })
  })
  return Object.fromEntries(found)
}

describe('the description of the Management API', () => {
  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate({ ...structuredClone(document) })
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined })
    const ids = described().map(([, , { operationId }]) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('tells every route of the running app, and the scopes that it asks for', () => {
    const actual = Object.entries(routes()).map(([route, { mode, scopes }]) => ({
      route,
      security: (mode === 'all' ? [[...scopes]] : scopes.map((scope) => [scope])).map((alternative) => ({ oauth2: alternative })),
    }))
    const told = described().map(([method, address, { security }]) => ({ route: `${method} ${address}`, security }))
    const sorted = <T extends { route: string }>(list: T[]): T[] => list.sort((a, b) => (a.route < b.route ? -1 : 1))
    expect(told.length).toBeGreaterThan(100)
    expect(sorted(told)).toEqual(sorted(actual))
  })

  it('is held to by bodies: whatever it does not name is refused, and what it asks for is missed', async () => {
    const bodies = described().filter(([, , { requestBody }]) => requestBody?.content['application/json'].schema.type === 'object')
    expect(bodies.length).toBeGreaterThan(20)
    for (const [method, address, { requestBody }] of bodies) {
      const { required = [] } = requestBody!.content['application/json'].schema as { required?: string[] }
      const url = address.slice(1).replace(/\{\w+\}/g, 'x')
      const unknown = await service.api(method, url, { no_such_member: 1 })
      const empty = await service.api(method, url, {})
      const message = String(unknown.body?.message)
      expect({ method, address, status: unknown.status, message }).toEqual({
        method,
        address,
        status: 400,
        message: expect.stringMatching(/Additional properties not allowed: no_such_member|Missing required property/),
      })
      if (required.length === 0) continue
      expect({ method, address, message: empty.body?.message }).toEqual({
        method,
        address,
        message: expect.stringMatching(new RegExp(`Missing required property: (${required.join('|')})`)),
      })
    }
  })

  it('names parameters that are read: a value that does not fit is refused by their names', async () => {
    const typed = described().flatMap(([method, address, { parameters }]) =>
      parameters
        .filter((parameter) => parameter.in === 'query' && (/^(integer|boolean)$/.test(String(parameter.schema.type)) || parameter.schema.enum))
        .map(({ name }) => ({ method, address, name })),
    )
    // Auth0 takes these from its clients and does nothing with them.
    const ignored = ({ name }: { name: string }): boolean => name === 'primary_order'
    expect(typed.length).toBeGreaterThan(60)
    for (const { method, address, name } of typed.filter((parameter) => !ignored(parameter))) {
      const others = new URLSearchParams({ user_id: 'auth0|x', email: 'x@example.com', identifier: 'x', [name]: '~' })
      const { status, body } = await service.api(method, `${address.slice(1).replace(/\{\w+\}/g, 'x')}?${others.toString()}`)
      // What the address names is not there, and some routes look at that first.
      if (address.includes('{') && status === 404) continue
      expect({ method, address, name, status, message: body?.message }).toEqual({
        method,
        address,
        name,
        status: 400,
        message: expect.stringContaining(`on property ${name}`),
      })
    }
  })

  it('leaves out no parameter that a controller reads by name', () => {
    const names = new Set(described().flatMap(([, , { parameters }]) => parameters.map(({ name }) => name)))
    const sources = readdirSync('src/management', { recursive: true, encoding: 'utf8' }).filter((file) => /(?<!\.spec)\.ts$/.test(file))
    const read = sources.flatMap((file) =>
      [...readFileSync(path.join('src/management', file), 'utf8').matchAll(/\b(?:text|texts|flag|integer|oneOf|day)\(query, '(\w+)'/g)].map(
        ([, name]) => name!,
      ),
    )
    expect(read.length).toBeGreaterThan(30)
    expect(read.filter((name) => !names.has(name))).toEqual([])
  })

  it('is readable as a page that loads nothing, runs nothing and names every route', async () => {
    const answer = await fetch(`${service.url}api/v2/docs`)
    const page = await answer.text()
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+'; img-src data:;.*frame-ancestors 'none'/)
    expect(page).not.toMatch(/<script|\son\w+=|(?:src|href)="(?:https?:)?\/\//i)
    for (const [method, address] of described()) expect(page).toContain(`<b>${method}</b> <code>${address}</code>`)
  })

  it('needs no token, and takes nothing but GET', async () => {
    expect(
      (await fetch(`${service.url}api/v2/openapi.json`, { headers: { origin: 'https://tools.example' } })).headers.get('access-control-allow-origin'),
    ).toBe('*')
    expect(await service.api('POST', 'openapi.json')).toMatchObject({ status: 405 })
  })
})
