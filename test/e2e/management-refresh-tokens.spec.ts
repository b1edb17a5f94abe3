import { StartSession } from '../../src/sessions/index.js'
import { IssueRefreshToken, type IssuedRefreshToken, RevokeRefreshToken } from '../../src/tokens/index.js'
import { eventually } from '../support/eventually.js'
import { startApp, type TestApp } from '../support/app.js'

const AUDIENCE = 'https://tokens.example'
const ORIGIN = { ip: '203.0.113.9', userAgent: 'Planted-Agent/2.0' }

let service: TestApp
let clientId: string
let otherClientId: string
beforeAll(async () => {
  service = await startApp()
  clientId = (await service.api('POST', 'clients', { name: 'App' })).body.client_id
  otherClientId = (await service.api('POST', 'clients', { name: 'Other app' })).body.client_id
  await service.api('POST', 'resource-servers', { identifier: AUDIENCE })
})
afterAll(() => service.close())

let people = 0
async function newUser(): Promise<string> {
  const { status, body } = await service.api('POST', 'users', {
    connection: 'Username-Password-Authentication',
    email: `person${people++}@example.com`,
    password: 'A-long-Passw0rd',
  })
  expect(status).toBe(201)
  return body.user_id
}

interface Terms {
  readonly clientId?: string
  readonly audience?: string | null
  readonly sessionId?: string | null
  readonly metadata?: Record<string, string>
  readonly absoluteSeconds?: number | null
}

const issue = (userId: string, { absoluteSeconds = 3600, ...over }: Terms = {}): Promise<IssuedRefreshToken> =>
  service.commands.execute(
    new IssueRefreshToken(
      { userId, clientId, sessionId: null, audience: AUDIENCE, scope: ['offline_access', 'read:x'], rotating: true, ...over },
      { absoluteSeconds, idleSeconds: absoluteSeconds === null ? null : 600 },
      ORIGIN,
    ),
  )
const path = (id: string): string => `refresh-tokens/${encodeURIComponent(id)}`
const ofUser = (userId: string): string => `users/${encodeURIComponent(userId)}/refresh-tokens`
const idsOf = async (userId: string): Promise<string[]> => (await service.api('GET', ofUser(userId))).body.tokens.map(({ id }: { id: string }) => id)
const GONE = { statusCode: 404, error: 'Not Found', message: 'The refresh token does not exist.', errorCode: 'inexistent_refresh_token' }

describe('GET /refresh-tokens/{id}', () => {
  it('shows the record to the letter', async () => {
    const userId = await newUser()
    const { familyId } = await issue(userId, { metadata: { deviceName: 'phone' }, sessionId: 's1' })
    const { status, body, headers } = await service.api('GET', path(familyId))
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(body).toEqual({
      id: familyId,
      user_id: userId,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      idle_expires_at: expect.stringMatching(/Z$/),
      expires_at: expect.stringMatching(/Z$/),
      device: {
        initial_ip: ORIGIN.ip,
        initial_asn: null,
        initial_user_agent: ORIGIN.userAgent,
        last_ip: ORIGIN.ip,
        last_asn: null,
        last_user_agent: ORIGIN.userAgent,
      },
      client_id: clientId,
      session_id: 's1',
      rotating: true,
      resource_servers: [{ audience: AUDIENCE, scopes: 'offline_access read:x' }],
      refresh_token_metadata: { deviceName: 'phone' },
      last_exchanged_at: null,
    })
    expect(familyId.length).toBeLessThanOrEqual(30)
  })

  it('names /userinfo where the login was for no API, as the access tokens do', async () => {
    const { familyId } = await issue(await newUser(), { audience: null })
    const servers = [{ audience: `${service.url}userinfo`, scopes: 'offline_access read:x' }]
    expect((await service.api('GET', path(familyId))).body.resource_servers).toEqual(servers)
  })

  it('says null for what never ends, leaves out the last exchange, and shows {} for metadata never set', async () => {
    const { familyId } = await issue(await newUser(), { absoluteSeconds: null, audience: null })
    const { body } = await service.api('GET', path(familyId))
    expect(body).toMatchObject({ expires_at: null, idle_expires_at: null, session_id: null, refresh_token_metadata: {} })
    expect(body).not.toHaveProperty('last_exchanged_at')
  })

  it('is 404 for one that never was, is revoked, or has expired', async () => {
    const revoked = await issue(await newUser())
    await service.commands.execute(new RevokeRefreshToken(revoked.familyId, 'api'))
    const expired = await issue(await newUser(), { absoluteSeconds: 0 })
    for (const id of ['rt_unknown', 'a/b', 'x'.repeat(3000), revoked.familyId, expired.familyId]) {
      expect(await service.api('GET', path(id))).toMatchObject({ status: 404, body: GONE })
    }
  })
})

describe('GET /refresh-tokens', () => {
  it('pages by id with cursors that go with the list, and ends without next', async () => {
    const userId = await newUser()
    const issued = (await Promise.all([1, 2, 3].map(() => issue(userId)))).map(({ familyId }) => familyId).sort()
    await issue(userId, { clientId: otherClientId })
    const query = `refresh-tokens?user_id=${encodeURIComponent(userId)}&client_id=${clientId}&take=2`
    const first = await service.api('GET', query)
    expect(first.body.refresh_tokens.map(({ id }: { id: string }) => id)).toEqual(issued.slice(0, 2))
    const second = await service.api('GET', `${query}&from=${first.body.next}`)
    expect(second.body).toEqual({ refresh_tokens: [expect.objectContaining({ id: issued[2] })] })
    const elsewhere = await service.api('GET', `refresh-tokens?user_id=${encodeURIComponent(await newUser())}&from=${first.body.next}`)
    expect(elsewhere).toMatchObject({
      status: 400,
      body: {
        message: `The checkpoint ID provided in the 'from' parameter has expired or is invalid, please remove the checkpoint ID and try again`,
        errorCode: 'invalid_query_string',
      },
    })
    const fields = await service.api('GET', `${query}&fields=id,device.initial_ip`)
    expect(fields.body.refresh_tokens[0]).toEqual({ id: issued[0], device: { initial_ip: ORIGIN.ip } })
    const without = await service.api('GET', `${query}&fields=device,id&include_fields=false`)
    expect(without.body.refresh_tokens[0]).not.toHaveProperty('device')
  })

  it.each([
    ['', 400, `Missing required 'user_id' parameter.`],
    ['?user_id=auth0|none', 404, 'User not found'],
    ['?user_id=USER&client_id=none', 404, 'The client does not exist.'],
    ['?user_id=USER&take=0', 400, `Query validation error: 'Value 0 is less than minimum 1' on property take.`],
    ['?user_id=USER&take=101', 400, `Query validation error: 'Value 101 is greater than maximum 100' on property take.`],
    ['?user_id=USER&take=x', 400, `Query validation error: 'Expected type integer but found type string' on property take.`],
    ['?user_id=USER&from=abc.def', 400, expect.stringContaining('has expired or is invalid')],
  ])('answers %j with %d', async (query, status, message) => {
    expect(await service.api('GET', `refresh-tokens${query.replace('USER', encodeURIComponent(await newUser()))}`)).toMatchObject({ status, body: { message } })
  })
})

describe(`a user's refresh tokens`, () => {
  it('are listed under their own name, with a total when asked', async () => {
    const userId = await newUser()
    const ids = [await issue(userId), await issue(userId)].map(({ familyId }) => familyId).sort()
    const plain = await service.api('GET', ofUser(userId))
    expect(plain.body.tokens.map(({ id }: { id: string }) => id)).toEqual(ids)
    expect(Object.keys(plain.body)).toEqual(['tokens'])
    const counted = await service.api('GET', `${ofUser(userId)}?include_totals=true&per_page=1`)
    expect(counted.body).toMatchObject({ total: 2, next: expect.any(String), tokens: [{ id: ids[0] }] })
    expect(await service.api('GET', ofUser('auth0|none'))).toMatchObject({ status: 404, body: { message: 'User not found', errorCode: 'inexistent_user' } })
  })

  it('are all revoked by DELETE, before it answers', async () => {
    const userId = await newUser()
    const { familyId } = await issue(userId)
    await issue(userId, { clientId: otherClientId })
    expect(await service.api('DELETE', ofUser(userId))).toMatchObject({ status: 202, body: {} })
    expect((await service.api('GET', path(familyId))).status).toBe(404)
    expect(await idsOf(userId)).toEqual([])
    expect((await service.api('DELETE', ofUser('auth0|none'))).status).toBe(404)
  })

  it('of one session go with revoke-access, the others stay; preserved ones stay', async () => {
    const userId = await newUser()
    const login = { userId, clientId, connection: 'Username-Password-Authentication', method: 'pwd' }
    const { sessionId: session_id } = (await service.commands.execute(new StartSession(login, {})))!
    const [bound, other] = [await issue(userId, { sessionId: session_id }), await issue(userId)]
    const revokeAccess = (body?: object) => service.api('POST', `users/${encodeURIComponent(userId)}/revoke-access`, body)
    expect((await revokeAccess({ session_id, preserve_refresh_tokens: true })).status).toBe(202)
    expect(await idsOf(userId)).toEqual([bound, other].map(({ familyId }) => familyId).sort())
    expect((await revokeAccess({ session_id })).status).toBe(202)
    expect(await idsOf(userId)).toEqual([other.familyId])
    expect((await revokeAccess()).status).toBe(202)
    expect(await idsOf(userId)).toEqual([])
  })
})

describe('revoking', () => {
  it('by DELETE answers 202 without a body, also again and for an id that never was', async () => {
    const { familyId } = await issue(await newUser())
    for (const id of [familyId, familyId, 'rt_unknown']) {
      expect(await service.api('DELETE', path(id), null)).toMatchObject({ status: 202, body: undefined })
    }
    expect((await service.api('GET', path(familyId))).status).toBe(404)
  })

  it('by ids, user, client and audience', async () => {
    const userId = await newUser()
    const [a, b, c, d] = [
      await issue(userId),
      await issue(userId),
      await issue(userId, { audience: null }),
      await issue(userId, { clientId: otherClientId }),
    ].map(({ familyId }) => familyId)
    const revoke = async (body: object) => (await service.api('POST', 'refresh-tokens/revoke', body)).status
    const left = async (...ids: (string | undefined)[]) => expect(await idsOf(userId)).toEqual(ids.sort())
    expect(await revoke({ ids: [a, 'rt_unknown'] })).toBe(202)
    await left(b, c, d)
    expect(await revoke({ user_id: userId, client_id: clientId, audience: AUDIENCE })).toBe(202)
    await left(c, d)
    expect(await revoke({ user_id: userId, client_id: clientId })).toBe(202)
    await left(d)
    expect(await revoke({ user_id: userId })).toBe(202)
    await left()
  })

  it.each([
    [{}, 'Invalid combination of parameters.'],
    [{ client_id: 'x' }, 'Invalid combination of parameters.'],
    [{ ids: ['x'], user_id: 'y' }, 'Invalid combination of parameters.'],
    [{ user_id: 'x', audience: 'y' }, 'Invalid combination of parameters.'],
    [{ user_id: 'auth0|none' }, 'User not found.'],
    [{ ids: [] }, `Payload validation error: 'Array is too short (0), minimum 1' on property ids.`],
    [{ ids: ['x'.repeat(31)] }, `Payload validation error: 'String is too long (31 chars), maximum 30' on property ids.`],
    [{ ids: Array.from({ length: 101 }, () => 'x') }, `Payload validation error: 'Array is too long (101), maximum 100' on property ids.`],
  ])('refuses %j', async (body, message) => {
    expect(await service.api('POST', 'refresh-tokens/revoke', body)).toMatchObject({ status: 400, body: { message } })
  })

  it('names what of a combination is not there', async () => {
    const user_id = await newUser()
    const message = async (body: object) => (await service.api('POST', 'refresh-tokens/revoke', body)).body.message
    expect(await message({ user_id, client_id: 'none' })).toBe('Client not found.')
    expect(await message({ user_id, client_id: clientId, audience: 'https://none' })).toBe('Resource server not found.')
  })
})

describe('device credentials', () => {
  it('are the refresh tokens under other ids, and deleting one revokes it', async () => {
    const userId = await newUser()
    const [first, second] = [await issue(userId), await issue(userId, { clientId: otherClientId })]
    const list = (query = '') => service.api('GET', `device-credentials?user_id=${encodeURIComponent(userId)}${query}`)
    const { body } = await list()
    expect(body).toHaveLength(2)
    expect(body[0]).toEqual({
      id: expect.stringMatching(/^dcr_[A-Za-z0-9]{16}$/),
      device_name: ORIGIN.userAgent,
      type: 'rotating_refresh_token',
      user_id: userId,
      client_id: expect.any(String),
    })
    expect((await list('&type=public_key')).body).toEqual([])
    const [credential] = (await list(`&client_id=${clientId}&include_totals=true`)).body.device_credentials
    expect((await service.api('DELETE', `device-credentials/${credential.id}`)).status).toBe(204)
    expect((await service.api('DELETE', `device-credentials/${credential.id}`)).status).toBe(204)
    expect((await service.api('GET', path(first.familyId))).status).toBe(404)
    expect(await idsOf(userId)).toEqual([second.familyId])
  })
})

describe('deleting a client', () => {
  it('takes its refresh tokens and its grants along, and nobody else’s', async () => {
    const userId = await newUser()
    const { body: doomed } = await service.api('POST', 'clients', { name: 'Doomed' })
    await service.api('POST', 'client-grants', { client_id: doomed.client_id, audience: AUDIENCE, scope: [] })
    const [gone, kept] = [await issue(userId, { clientId: doomed.client_id }), await issue(userId)]
    expect((await service.api('DELETE', `clients/${doomed.client_id}`)).status).toBe(204)
    await eventually(async () => (await service.api('GET', path(gone.familyId))).status === 404)
    expect(await idsOf(userId)).toEqual([kept.familyId])
    expect((await service.api('GET', `client-grants?client_id=${doomed.client_id}`)).body).toEqual([])
  })
})

describe('the log', () => {
  it('holds no metadata and no address in clear, in events, read models or facts', async () => {
    const { familyId } = await issue(await newUser())
    await service.api('PATCH', path(familyId), { refresh_token_metadata: { nick: 'PlantedNickname' } }, { 'x-correlation-id': 'corr-77' })
    await service.api('PATCH', path(familyId), { refresh_token_metadata: { 'bad key': 'PlantedNickname' } })
    for (const planted of ['PlantedNickname', ORIGIN.ip, ORIGIN.userAgent, '127.0.0.1']) {
      const { rows } = await service.pool.query(`select type from events where data::text || metadata::text like $1`, [`%${planted}%`])
      expect({ planted, rows }).toEqual({ planted, rows: [] })
    }
    const { rows } = await service.pool.query(
      `select data, metadata from events where type = 'ManagementRequestSucceeded' and metadata->>'correlationId' = 'corr-77'`,
    )
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({
      data: { method: 'PATCH', path: `/api/v2/refresh-tokens/${familyId}`, operation: 'Update a refresh token', status: 200 },
      metadata: { clientId: 'management', actor: 'management@clients' },
    })
    expect(rows[0].data.body).toEqual({ refresh_token_metadata: '*****' })
  })
})
