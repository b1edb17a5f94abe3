import { startApp, type TestApp } from '../support/app.js'
import { BLOCKED, DEAD, Devices, GONE, type Owner, pathOf } from '../support/devices.js'
import { eventually } from '../support/eventually.js'
import { anotherWorker } from '../support/oauth.js'
import { aPerson } from '../support/people.js'

let service: TestApp
let other: Awaited<ReturnType<typeof anotherWorker>>
let devices: Devices
beforeAll(async () => {
  service = await startApp()
  other = await anotherWorker(service)
  devices = new Devices(service, other.scene)
})
afterAll(async () => {
  await other.close()
  await service.close()
})

interface Row {
  readonly trigger: string
  /** Answers the status of the request that does it. */
  act(of: Owner): Promise<{ status: number }>
  readonly status: number
  /** What the exchange of each answers right afterwards, on another worker: both phones and the tablet. */
  readonly phone: string
  readonly secondPhone: string
  readonly tablet: string
  /** How many refresh tokens and grants are listed then. */
  readonly tokens: number
  readonly grants: number
}
const phoneOnly = { phone: DEAD, secondPhone: 'lives', tablet: 'lives', tokens: 2, grants: 2 }
const ofTheApp = { phone: DEAD, secondPhone: DEAD, tablet: 'lives', tokens: 1 }
const everything = { phone: DEAD, secondPhone: DEAD, tablet: DEAD, tokens: 0 }
const nothing = { phone: 'lives', secondPhone: 'lives', tablet: 'lives', tokens: 3, grants: 2 }

/** The triggers of spec/refresh-tokens.md §10, in its order. */
const ROWS: Row[] = [
  { trigger: 'POST /oauth/revoke', act: (of) => devices.revoke(of.client, of.phone), status: 200, ...phoneOnly },
  { trigger: 'POST /oauth/revoke with the flag', act: (of) => devices.flagged(() => devices.revoke(of.client, of.phone)), status: 200, ...ofTheApp, grants: 1 },
  { trigger: 'reuse', act: (of) => devices.reuse(of.client, of.phone), status: 403, ...phoneOnly },
  { trigger: 'reuse with the flag', act: (of) => devices.flagged(() => devices.reuse(of.client, of.phone)), status: 403, ...ofTheApp, grants: 1 },
  {
    trigger: 'DELETE /refresh-tokens/{id}',
    act: async (of) => devices.api('DELETE', `refresh-tokens/${(await devices.tokenOf(of, of.phone)).id}`),
    status: 202,
    ...phoneOnly,
  },
  { trigger: 'DELETE /users/{id}/refresh-tokens', act: (of) => devices.api('DELETE', `${pathOf(of)}/refresh-tokens`), status: 202, ...everything, grants: 2 },
  {
    trigger: 'POST /refresh-tokens/revoke by ids',
    act: async (of) => devices.api('POST', 'refresh-tokens/revoke', { ids: [(await devices.tokenOf(of, of.phone)).id] }),
    status: 202,
    ...phoneOnly,
  },
  {
    trigger: 'POST /refresh-tokens/revoke by user',
    act: ({ userId }) => devices.api('POST', 'refresh-tokens/revoke', { user_id: userId }),
    status: 202,
    ...everything,
    grants: 2,
  },
  {
    trigger: 'POST /refresh-tokens/revoke by user and client',
    act: ({ userId, client }) => devices.api('POST', 'refresh-tokens/revoke', { user_id: userId, client_id: client.client_id }),
    status: 202,
    ...ofTheApp,
    grants: 2,
  },
  {
    trigger: 'POST /refresh-tokens/revoke by user, client and API',
    act: ({ userId, client, audience }) => devices.api('POST', 'refresh-tokens/revoke', { user_id: userId, client_id: client.client_id, audience }),
    status: 202,
    ...ofTheApp,
    grants: 2,
  },
  {
    trigger: 'DELETE /device-credentials/{id}',
    act: async (of) => {
      const { id } = await devices.tokenOf(of, of.phone)
      const { rows } = await service.pool.query<{ id: string }>('select device_credential_id as id from refresh_tokens where id = $1', [id])
      return devices.api('DELETE', `device-credentials/${rows[0]!.id}`)
    },
    status: 204,
    ...phoneOnly,
  },
  {
    trigger: 'DELETE /grants/{id}',
    act: async (of) => devices.api('DELETE', `grants/${(await devices.grantsOf(of)).find(({ clientID }) => clientID === of.client.client_id).id}`),
    status: 204,
    ...ofTheApp,
    grants: 1,
  },
  {
    trigger: 'DELETE /grants?user_id',
    act: ({ userId }) => devices.api('DELETE', `grants?user_id=${encodeURIComponent(userId)}`),
    status: 204,
    ...everything,
    grants: 0,
  },
  { trigger: 'DELETE /sessions/{id}', act: ({ phone }) => devices.api('DELETE', `sessions/${phone.sessionId}`), status: 202, ...nothing },
  { trigger: 'DELETE /users/{id}/sessions', act: (of) => devices.api('DELETE', `${pathOf(of)}/sessions`), status: 202, ...nothing },
  { trigger: 'POST /sessions/{id}/revoke', act: ({ phone }) => devices.api('POST', `sessions/${phone.sessionId}/revoke`), status: 202, ...phoneOnly },
  {
    trigger: 'revoke-access of a session',
    act: (of) => devices.api('POST', `${pathOf(of)}/revoke-access`, { session_id: of.phone.sessionId }),
    status: 202,
    ...phoneOnly,
  },
  {
    trigger: "revoke-access of another's session",
    act: async (of) => devices.api('POST', `${pathOf(of)}/revoke-access`, { session_id: (await devices.owner()).phone.sessionId }),
    status: 202,
    ...nothing,
  },
  { trigger: 'revoke-access', act: (of) => devices.api('POST', `${pathOf(of)}/revoke-access`, {}), status: 202, ...everything, grants: 2 },
  {
    trigger: 'revoke-access that preserves refresh tokens',
    act: (of) => devices.api('POST', `${pathOf(of)}/revoke-access`, { preserve_refresh_tokens: true }),
    status: 202,
    ...nothing,
  },
  {
    trigger: 'the end of a session by logout',
    act: ({ phone }) => phone.who.get('/v2/logout').then(({ status }) => ({ status: status < 400 ? 200 : status })),
    status: 200,
    ...nothing,
  },
  {
    trigger: 'blocking the user',
    act: (of) => devices.api('PATCH', pathOf(of), { blocked: true }),
    status: 200,
    ...nothing,
    phone: BLOCKED,
    secondPhone: BLOCKED,
    tablet: BLOCKED,
  },
  {
    trigger: 'deleting the user',
    act: (of) => devices.api('DELETE', pathOf(of)),
    status: 204,
    phone: GONE,
    secondPhone: GONE,
    tablet: GONE,
    tokens: 0,
    grants: 0,
  },
  {
    trigger: 'deleting the user, whose id is given to somebody else',
    act: async (of) => {
      await devices.api('DELETE', pathOf(of))
      return aPerson(service, { userId: of.userId }).then(() => ({ status: 201 }))
    },
    status: 201,
    phone: GONE,
    secondPhone: GONE,
    tablet: GONE,
    tokens: 0,
    grants: 0,
  },
  {
    trigger: 'changing the password',
    act: (of) => devices.api('PATCH', pathOf(of), { password: 'Another-Horse-2' }),
    status: 200,
    ...everything,
    grants: 2,
  },
  { trigger: 'changing the address', act: (of) => devices.api('PATCH', pathOf(of), { email: `new-${of.email}` }), status: 200, ...nothing },
  {
    trigger: 'deleting the client',
    act: ({ client }) => devices.api('DELETE', `clients/${client.client_id}`),
    status: 204,
    ...ofTheApp,
    phone: '401|403',
    secondPhone: '401|403',
    grants: 1,
  },
  {
    trigger: 'deleting the client and making it anew',
    act: async ({ client }) => {
      await devices.api('DELETE', `clients/${client.client_id}`)
      const { client_id, name, callbacks, grant_types, refresh_token } = client
      return devices.api('POST', 'clients', {
        client_id,
        name,
        callbacks,
        grant_types,
        refresh_token,
        token_endpoint_auth_method: 'none',
        oidc_conformant: true,
      })
    },
    status: 201,
    ...ofTheApp,
    grants: 1,
  },
  {
    trigger: 'rotating the client secret',
    act: ({ client }) => devices.api('POST', `clients/${client.client_id}/rotate-secret`),
    status: 200,
    ...nothing,
  },
  {
    trigger: 'switching off offline access at the API',
    act: async ({ audience }) => devices.api('PATCH', `resource-servers/${encodeURIComponent(audience)}`, { allow_offline_access: false }),
    status: 200,
    ...nothing,
  },
]

describe.each(ROWS)('$trigger', ({ act, status, tokens, grants, ...expected }) => {
  it('ends just what it should, before it answers, on every worker', async () => {
    const of = await devices.owner()
    expect((await act(of)).status).toBe(status)
    const outcomes = {
      phone: await devices.exchange(of.client, of.phone),
      secondPhone: await devices.exchange(of.client, of.secondPhone),
      tablet: await devices.exchange(of.tabletClient, of.tablet),
    }
    const { phone, secondPhone, tablet } = expected
    const matching = Object.fromEntries(
      Object.entries({ phone, secondPhone, tablet }).map(([name, text]) => [name, text === '401|403' ? expect.stringMatching(/^40[13] /) : text]),
    )
    expect(outcomes).toEqual(matching)
    // What a deletion leaves behind of grants, a reactor clears away.
    await eventually(async () => (await devices.grantsOf(of)).length === grants)
    await eventually(async () => (await devices.tokensOf(of)).length === tokens)
  })
})
