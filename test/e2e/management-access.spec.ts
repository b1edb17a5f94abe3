import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js'
import { RequestMethod } from '@nestjs/common'
import { MetadataScanner, ModulesContainer } from '@nestjs/core'
import { MANAGEMENT_SCOPES } from '../../src/authorization/index.js'
import { OPERATION, PUBLIC, REQUIRED_SCOPES, type RequiredScopes } from '../../src/management/scopes.js'
import { startApp, type TestApp } from '../support/app.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

interface Route {
  readonly method: string
  readonly path: string
  readonly handler: () => unknown
  readonly scopes: RequiredScopes | undefined
}

/** Every route under /api/v2 of the running app, whatever module brought it. */
function routes(): Route[] {
  const controllers = [...service.app.get(ModulesContainer).values()].flatMap(({ controllers }) => [...controllers.values()])
  return controllers.flatMap(({ metatype }) => {
    const prefix = String(Reflect.getMetadata(PATH_METADATA, metatype as object) ?? '')
    if (!prefix.startsWith('api/v2')) return []
    const prototype = (metatype as { prototype: Record<string, () => unknown> }).prototype
    return new MetadataScanner().getAllMethodNames(prototype).flatMap((name) => {
      const handler = prototype[name]!
      if (Reflect.getMetadata(METHOD_METADATA, handler) === undefined || Reflect.getMetadata(PUBLIC, handler)) return []
      const paths = [Reflect.getMetadata(PATH_METADATA, handler) as string | string[]].flat()
      return paths.map((path) => ({
        method: RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as number]!,
        path: `${prefix}/${path}`.replace(/^api\/v2\//, '').replace(/\/+$/, ''),
        handler,
        scopes: Reflect.getMetadata(REQUIRED_SCOPES, handler) as RequiredScopes | undefined,
      }))
    })
  })
}

const address = ({ path }: Route): string => path.replace(/:\w+/g, 'x')

describe('every route of the Management API', () => {
  it('names scopes that exist', () => {
    const all = routes()
    expect(all.length).toBeGreaterThan(30)
    expect(all.filter(({ scopes }) => !scopes).map(({ method, path }) => `${method} ${path}`)).toEqual([])
    expect(all.flatMap(({ scopes }) => scopes!.scopes).filter((scope) => !MANAGEMENT_SCOPES.includes(scope))).toEqual([])
  })

  it('that writes names its operation for the log', () => {
    const silent = routes().filter(({ method, handler }) => method !== 'GET' && !Reflect.getMetadata(OPERATION, handler))
    expect(silent.map(({ method, path }) => `${method} ${path}`)).toEqual([])
  })

  it('refuses whoever has no token', async () => {
    for (const route of routes()) {
      const { status, body } = await service.api(route.method, address(route), undefined, { authorization: '' })
      expect({ route: `${route.method} ${route.path}`, status, body }).toEqual({
        route: `${route.method} ${route.path}`,
        status: 401,
        body: { statusCode: 401, error: 'Unauthorized', message: 'Missing authentication', attributes: { error: 'Missing authentication' } },
      })
    }
  })

  it('refuses a token that holds every scope but its own', async () => {
    for (const route of routes()) {
      const { mode, scopes } = route.scopes!
      const token = await service.managementToken(MANAGEMENT_SCOPES.filter((scope) => !scopes.includes(scope)))
      const { status, body } = await service.api(route.method, address(route), undefined, { authorization: `Bearer ${token}` })
      expect({ route: `${route.method} ${route.path}`, status, body }).toEqual({
        route: `${route.method} ${route.path}`,
        status: 403,
        body: {
          statusCode: 403,
          error: 'Forbidden',
          message: `Insufficient scope, expected ${mode} of: ${scopes.join(',')}`,
          errorCode: 'insufficient_scope',
        },
      })
    }
  })
})

describe('a token', () => {
  const call = (authorization: string) => service.api('GET', 'clients', undefined, { authorization })

  it.each([['Basic abc'], ['Bearer'], ['Bearer opaque-token'], ['Bearer a.b.c d'], ['x']])('that is no bearer JWT (%s) is a bad header', async (header) => {
    const { status, body } = await call(header)
    expect({ status, body }).toEqual({
      status: 400,
      body: { statusCode: 400, error: 'Bad Request', message: 'Bad HTTP authentication header format', errorCode: 'Bearer' },
    })
  })

  it('is refused when it has expired, was changed, is for another audience, or its client is gone', async () => {
    const now = Math.floor(Date.now() / 1000)
    const message = async (token: string) => {
      const { status, body } = await call(`Bearer ${token}`)
      return [status, body.message]
    }
    expect(await message(await service.managementToken(['read:clients'], { exp: now - 10 }))).toEqual([
      401,
      'Expired token received for JSON Web Token validation',
    ])
    const [head, , signature] = (await service.managementToken(['read:clients'])).split('.')
    const forged = Buffer.from(JSON.stringify({ iss: service.url, aud: `${service.url}api/v2/`, exp: now + 60, scope: 'read:clients' })).toString('base64url')
    expect(await message(`${head}.${forged}.${signature}`)).toEqual([401, 'Invalid signature received for JSON Web Token validation'])
    expect(await message(await service.managementToken(['read:clients'], { aud: 'https://other' }))).toEqual([401, 'Invalid token'])
    expect(await message(await service.managementToken(['read:clients'], { azp: 'gone', sub: 'gone@clients' }))).toEqual([401, 'Invalid token'])
    expect(await message('a.b.c')).toEqual([401, 'Invalid token'])
  })
})

describe(`a person's token`, () => {
  const PASSWORD = 'A-long-Passw0rd'
  const as = async (userId: string, scopes: readonly string[]) => ({
    authorization: `Bearer ${await service.managementToken(scopes, { sub: userId, gty: undefined })}`,
  })

  it('opens everything for an administrator, and nothing once they are gone', async () => {
    const { rows } = await service.pool.query<{ user_id: string }>('select user_id from users where administrator')
    expect((await service.api('GET', 'clients', undefined, await as(rows[0]!.user_id, ['read:clients']))).status).toBe(200)
    expect(await service.api('GET', 'clients', undefined, await as('auth0|none', ['read:clients']))).toMatchObject({
      status: 401,
      body: { message: 'Invalid token' },
    })
  })

  it('of anybody else holds the scopes on themselves at most, and none while they are blocked', async () => {
    const user = { connection: 'Username-Password-Authentication', email: 'somebody@example.com', password: PASSWORD }
    const { user_id: userId } = (await service.api('POST', 'users', user)).body
    const headers = await as(userId, ['read:clients', 'delete:current_user_device_credentials'])
    expect(await service.api('GET', 'clients', undefined, headers)).toMatchObject({ status: 403, body: { errorCode: 'insufficient_scope' } })
    expect((await service.api('DELETE', 'device-credentials/dcr_0000000000000000', undefined, headers)).status).toBe(204)
    await service.api('PATCH', `users/${encodeURIComponent(userId)}`, { blocked: true })
    expect((await service.api('DELETE', 'device-credentials/dcr_0000000000000000', undefined, headers)).status).toBe(401)
  })
})

describe('an address of the API', () => {
  it('that is not there is 404, and one that takes other methods is 405 and names them', async () => {
    expect(await service.api('GET', 'nothing/here')).toMatchObject({ status: 404, body: { statusCode: 404, error: 'Not Found', message: 'Not Found' } })
    const { status, headers } = await service.api('PUT', 'clients')
    expect([status, headers.get('allow')]).toEqual([405, 'GET, POST'])
    expect(await service.api('GET', 'clients/%E0%A4%A')).toMatchObject({ status: 400, body: { statusCode: 400, error: 'Bad Request' } })
  })

  it('answers a preflight to any page', async () => {
    const res = await fetch(`${service.url}api/v2/clients`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'authorization' },
    })
    expect(res.status).toBe(204)
    expect(res.headers.get('access-control-allow-origin')).toBe('*')
    const allowed = res.headers.get('access-control-allow-headers')!.split(', ')
    expect(allowed).toEqual(expect.arrayContaining(['Authorization', 'Content-Type', 'Auth0-Client', 'Auth0-Custom-Domain']))
  })
})
