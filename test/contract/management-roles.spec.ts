import { rmSync } from 'node:fs'
import { tlsFiles } from '../../src/processes/local-authority.js'
import { type Json, MANAGEMENT_CLIENT, startApp, type TestApp } from '../support/app.js'
import { Auth0Sdk } from '../support/auth0-sdk.js'
import { OAuthScene } from '../support/oauth.js'
import { temporaryFolder } from '../support/service.js'

const AUDIENCE = 'https://orders.example.com/'
let folder: string
let service: TestApp
let sdk: Auth0Sdk
beforeAll(async () => {
  folder = temporaryFolder()
  const tls = await tlsFiles({ tls: 'auto', dataDir: folder, issuer: 'https://localhost/' })
  service = await startApp({}, tls)
  sdk = new Auth0Sdk({ domain: new URL(service.url).host, clientId: MANAGEMENT_CLIENT.id, clientSecret: MANAGEMENT_CLIENT.secret }, tls!.authority!)
})
afterAll(async () => {
  await sdk.close()
  await service.close()
  rmSync(folder, { recursive: true })
})

describe('the npm package auth0', () => {
  it('gives roles and permissions, lists them page by page, and takes them', async () => {
    const userId = await new OAuthScene(service).user()
    const values = Array.from({ length: 60 }, (_, n) => `read:${n}`)
    await sdk.call('resourceServers.create', { identifier: AUDIENCE, name: 'Orders', scopes: values.map((value) => ({ value })) })
    const permissions = values.map((permission_name) => ({ permission_name, resource_server_identifier: AUDIENCE }))
    const role = await sdk.call('roles.create', { name: 'Clerk', description: 'Reads' })
    expect(await sdk.call('roles.get', role.id)).toEqual(role)
    expect(await sdk.call('roles.list', { type: 'tenant' })).toEqual([role])
    expect(await sdk.call('roles.list', { type: 'organization' })).toEqual([])
    await sdk.call('roles.permissions.add', role.id, { permissions })
    expect(await sdk.call('roles.permissions.list', role.id)).toHaveLength(60)
    await sdk.call('users.roles.assign', userId, { roles: [role.id] })
    expect(await sdk.call('users.roles.list', userId)).toEqual([role])
    expect(await sdk.call('roles.users.list', role.id)).toMatchObject([{ user_id: userId }])
    await sdk.call('users.permissions.create', userId, { permissions: permissions.slice(0, 1) })
    const held: Json[] = await sdk.call('users.permissions.list', userId)
    expect(held).toHaveLength(60)
    expect(held.filter(({ sources }) => sources.length === 2)).toHaveLength(1)
    await sdk.call('users.permissions.delete', userId, { permissions: permissions.slice(0, 1) })
    await sdk.call('roles.permissions.delete', role.id, { permissions: permissions.slice(1) })
    expect(await sdk.call('users.permissions.list', userId)).toMatchObject(permissions.slice(0, 1))
    expect(await sdk.call('roles.update', role.id, { name: 'Chief clerk' })).toMatchObject({ name: 'Chief clerk' })
    await sdk.call('users.roles.delete', userId, { roles: [role.id] })
    expect(await sdk.call('users.roles.list', userId)).toEqual([])
    await sdk.call('roles.users.assign', role.id, { users: [userId] })
    expect(await sdk.call('roles.users.list', role.id)).toMatchObject([{ user_id: userId }])
    await sdk.call('roles.delete', role.id)
    await expect(sdk.call('roles.get', role.id)).rejects.toMatchObject({ statusCode: 404, body: { message: 'The role does not exist.' } })
  })
})
