import { MANAGEMENT_SCOPES } from '../../src/authorization/index.js'
import { ChangeTenantSettings } from '../../src/users/index.js'
import { MANAGEMENT_CLIENT, startApp, type TestApp } from '../support/app.js'
import { AUDIENCE, claimsOf, OAuthScene } from '../support/oauth.js'

let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
})
afterAll(() => service.close())

const ask = (client: Parameters<OAuthScene['token']>[0], more: Record<string, string> = {}): ReturnType<OAuthScene['token']> =>
  scene.token(client, { grant_type: 'client_credentials', audience: AUDIENCE, ...more })

const denied = (error_description: string): object => ({ status: 403, body: { error: 'access_denied', error_description } })

describe('client_credentials', () => {
  it('brings all that was granted when nothing is asked for, and is in the log', async () => {
    const client = await scene.client()
    await scene.grant(client.client_id, ['read:orders', 'write:orders', 'not:registered'])
    const { status, body, headers } = await ask(client)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toEqual({ access_token: expect.any(String), scope: 'read:orders write:orders', expires_in: 86_400, token_type: 'Bearer' })
    const claims = claimsOf(body.access_token)
    expect(claims).toEqual({
      iss: service.url,
      sub: `${client.client_id}@clients`,
      aud: AUDIENCE,
      iat: expect.any(Number),
      exp: claims.iat + 86_400,
      scope: 'read:orders write:orders',
      jti: expect.any(String),
      gty: 'client-credentials',
      azp: client.client_id,
    })
    const [fact] = (await scene.facts('ClientTokenIssued')).filter(({ metadata }) => metadata.clientId === client.client_id)
    expect(fact).toMatchObject({ data: { scope: 'read:orders write:orders', tokenId: claims.jti }, metadata: { audience: AUDIENCE } })
  })

  it('brings what was asked for, within what was granted', async () => {
    const client = await scene.client()
    await scene.grant(client.client_id, ['read:orders'])
    expect((await ask(client, { scope: 'read:orders' })).body.scope).toBe('read:orders')
    expect(await ask(client, { scope: 'read:orders write:orders x' })).toMatchObject(denied('Client has not been granted scopes: write:orders, x'))
  })

  it('leaves out in silence what a refresh token would be asked for by', async () => {
    const client = await scene.client()
    await scene.grant(client.client_id, ['read:orders'])
    for (const name of ['offline_access', 'online_access']) {
      const { status, body } = await ask(client, { scope: `read:orders ${name}` })
      expect({ status, scope: body.scope, refreshToken: body.refresh_token }).toEqual({ status: 200, scope: 'read:orders', refreshToken: undefined })
      const { status: alone, body: without } = await ask(client, { scope: name })
      expect({ alone, scope: without.scope }).toEqual({ alone: 200, scope: undefined })
      expect(await ask(client, { scope: `write:orders ${name}` })).toMatchObject(denied('Client has not been granted scopes: write:orders'))
    }
  })

  it('leaves out a scope that is empty', async () => {
    const client = await scene.client()
    await scene.grant(client.client_id, [])
    const { body } = await ask(client)
    expect(body).not.toHaveProperty('scope')
    expect(claimsOf(body.access_token)).not.toHaveProperty('scope')
  })

  it('needs a client grant, and an API', async () => {
    const client = await scene.client()
    expect(await ask(client)).toMatchObject(
      denied(
        `Client is not authorized to access "${AUDIENCE}". You need to create a "client-grant" associated to this API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants`,
      ),
    )
    expect(await ask(client, { audience: 'https://nowhere' })).toMatchObject(denied('Service not found: https://nowhere'))
    expect(await ask(client, { audience: '' })).toMatchObject(denied('Non-global clients are not allowed access to APIv1'))
  })

  it('brings all that the API has where the grant says so, and nothing where the API refuses clients', async () => {
    const audience = await scene.api({ identifier: 'https://all.example.com/', id: 'all' })
    const client = await scene.client()
    const fresh = { client_id: client.client_id, audience, scope: [], allow_all_scopes: true }
    const { id } = (await service.api('POST', 'client-grants', fresh)).body
    expect((await ask(client, { audience })).body.scope).toBe('read:orders write:orders')
    expect((await ask(client, { audience, scope: 'write:orders' })).body.scope).toBe('write:orders')
    await service.api('PATCH', `client-grants/${id}`, { allow_all_scopes: false })
    expect((await ask(client, { audience })).body).not.toHaveProperty('scope')
    await service.api('PATCH', 'resource-servers/all', { subject_type_authorization: { client: { policy: 'deny_all' } } })
    expect(await ask(client, { audience })).toMatchObject(denied(`Client is not authorized to access "${audience}".`))
  })

  it("falls back to the tenant's default audience", async () => {
    const client = await scene.client()
    await scene.grant(client.client_id, ['read:orders'])
    await service.commands.execute(new ChangeTenantSettings({ default_audience: AUDIENCE }, {}))
    expect(claimsOf((await ask(client, { audience: '' })).body.access_token).aud).toBe(AUDIENCE)
    await service.commands.execute(new ChangeTenantSettings({ default_audience: undefined }, {}))
  })

  it('is not for public clients', async () => {
    const client = await scene.client({ token_endpoint_auth_method: 'none' })
    await scene.grant(client.client_id, ['read:orders'])
    expect(await ask(client)).toMatchObject({
      status: 403,
      body: { error: 'unauthorized_client', error_description: "Grant type 'client_credentials' not allowed for the client." },
    })
  })

  it('opens the Management API to the client of the first start', async () => {
    const audience = `${service.url}api/v2/`
    const { status, body } = await scene.json('oauth/token', {
      grant_type: 'client_credentials',
      client_id: MANAGEMENT_CLIENT.id,
      client_secret: MANAGEMENT_CLIENT.secret,
      audience,
    })
    expect(status).toBe(200)
    expect(body.scope.split(' ').sort()).toEqual([...MANAGEMENT_SCOPES].sort())
    const clients = await scene.send('GET', 'api/v2/clients', undefined, { authorization: `Bearer ${body.access_token}` })
    expect(clients.status).toBe(200)
  })
})
