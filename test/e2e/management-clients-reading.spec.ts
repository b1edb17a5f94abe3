import { startApp, type TestApp } from '../support/app.js'
import { clientsOf } from '../support/managed.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

const { create } = clientsOf(() => service)
const withScopes = async (...scopes: string[]) => ({ authorization: `Bearer ${await service.managementToken(scopes)}` })

describe('what a caller sees', () => {
  it('follows the scopes', async () => {
    const { client_id: id } = await create({ name: 'x', callbacks: ['https://a/cb'] })
    const members = async (...scopes: string[]) => Object.keys((await service.api('GET', `clients/${id}`, undefined, await withScopes(...scopes))).body).sort()
    expect(await members('read:client_summary')).toEqual(['client_id', 'name'])
    expect(await members('read:client_credentials')).toEqual(['client_id', 'client_secret', 'name', 'signing_keys'])
    expect(await members('read:clients')).toEqual(expect.arrayContaining(['callbacks', 'grant_types']))
    expect(await members('read:clients')).not.toContain('client_secret')
    expect(await members('read:client_keys')).toEqual(expect.arrayContaining(['callbacks', 'client_secret', 'signing_keys']))
  })

  it('of secrets and keys is for those who may read them, and for who has just written them', async () => {
    const made = await service.api('POST', 'clients', { name: 'x', callbacks: ['https://a/cb'] }, await withScopes('create:clients'))
    expect(made).toMatchObject({ status: 201, body: { client_secret: expect.any(String), signing_keys: [{}], callbacks: ['https://a/cb'] } })
    const at = `clients/${made.body.client_id}`
    const writers = await withScopes('read:client_summary', 'create:clients', 'update:clients', 'update:client_keys', 'update:client_credentials')
    const { body: found } = await service.api('GET', 'clients?fields=name,client_secret,signing_keys,callbacks&per_page=100', undefined, writers)
    expect(new Set(found.flatMap((client: object) => Object.keys(client)))).toEqual(new Set(['name']))
    expect(Object.keys((await service.api('GET', at, undefined, writers)).body)).toEqual(['client_id', 'name'])
    const { body: search } = await service.api('GET', `clients/search?q=client_id:${made.body.client_id}`, undefined, writers)
    expect(search.clients).toEqual([{ client_id: made.body.client_id, name: 'x' }])
    expect((await service.api('PATCH', at, { name: 'y' }, await withScopes('update:clients', 'create:clients'))).body).not.toHaveProperty('client_secret')
    const rotated = await service.api('POST', `${at}/rotate-secret`, undefined, await withScopes('update:client_keys'))
    expect(rotated.body).toMatchObject({ client_secret: expect.any(String), callbacks: ['https://a/cb'] })
  })

  it('of a secret stands in the log', async () => {
    const { client_id: id } = await create({ name: 'x' })
    const reads = async () =>
      (await service.pool.query(`select data from events where type = 'SecretRead' and data->>'path' = $1`, [`/api/v2/clients/${id}`])).rows
    await service.api('GET', `clients/${id}`, undefined, await withScopes('read:clients'))
    expect(await reads()).toEqual([])
    await service.api('GET', `clients/${id}`)
    expect(await reads()).toMatchObject([{ data: { accessedSecrets: ['client_secret'], status: 200 } }])
  })

  it('may change only what the scopes cover', async () => {
    const { client_id: id } = await create({ name: 'x', grant_types: ['authorization_code'] })
    const only = async (scope: string, body: object) => (await service.api('PATCH', `clients/${id}`, body, await withScopes(scope))).status
    expect(await only('update:clients', { description: 'y' })).toBe(200)
    expect(await only('update:clients', { client_secret: 'a'.repeat(48) })).toBe(403)
    expect(await only('update:client_credentials', { description: 'y' })).toBe(403)
    expect(await only('update:client_keys', { client_secret: 'a'.repeat(48) })).toBe(200)
    expect(await only('update:client_token_vault_privileged_access', { token_endpoint_auth_method: 'none' })).toBe(403)
    expect(await only('update:client_credentials', { token_endpoint_auth_method: 'client_secret_post' })).toBe(200)
  })
})

describe('the list', () => {
  beforeAll(async () => {
    for (const app_type of ['spa', 'native', 'regular_web', 'non_interactive']) for (let n = 0; n < 2; n++) await create({ name: 'x', app_type })
  })

  it('comes in pages of both styles, filtered, and ends', async () => {
    const { body: first } = await service.api('GET', 'clients?page=0&per_page=2&include_totals=true')
    expect(first).toMatchObject({ start: 0, limit: 2, total: expect.any(Number), clients: [expect.anything(), expect.anything()] })
    expect((await service.api('GET', `clients?page=999&per_page=100&include_totals=true`)).body).toMatchObject({ clients: [], total: first.total })
    expect(Array.isArray((await service.api('GET', 'clients')).body)).toBe(true)

    const seen: string[] = []
    for (let from = ''; ;) {
      const { body } = await service.api('GET', `clients?take=7${from && `&from=${from}`}&fields=client_id`)
      seen.push(...body.clients.map(({ client_id }: { client_id: string }) => client_id))
      if (!body.next) break
      from = body.next
    }
    expect(new Set(seen).size).toBe(first.total)
    expect(seen).toHaveLength(first.total)

    const names = async (query: string) => (await service.api('GET', `clients?${query}`)).body.map(({ name }: { name: string }) => name)
    expect(await names('is_global=true')).toEqual(['All Applications'])
    expect(await names('is_global=false&per_page=100')).not.toContain('All Applications')
    expect(new Set(await names('app_type=spa,native&fields=name,app_type'))).toEqual(new Set(['x']))
    expect(await service.api('GET', 'clients?per_page=101')).toMatchObject({ status: 400, body: { errorCode: 'invalid_query_string' } })
  })

  it('of those with a grant for an organization comes by checkpoints alone', async () => {
    const q = 'clients?q=client_grant.allow_any_organization:true'
    const message = `Query validation error: 'Missing required property: take' on property take.`
    expect(await service.api('GET', `${q}&page=0&per_page=50`)).toMatchObject({ status: 400, body: { message, errorCode: 'invalid_query_string' } })
    expect(await service.api('GET', `${q}&take=5`)).toMatchObject({ status: 200, body: { clients: [] } })
  })

  it('has a global client that nobody deletes', async () => {
    const [{ client_id: id }] = (await service.api('GET', 'clients?is_global=true')).body
    expect(await service.api('DELETE', `clients/${id}`)).toMatchObject({ status: 400, body: { message: 'Global client cannot be deleted.' } })
  })
})
