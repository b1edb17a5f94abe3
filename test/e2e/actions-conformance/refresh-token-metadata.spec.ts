import { ActionsSandbox } from '../../../src/actions/run/actions-sandbox.js'
import { aLogin, anExchange } from '../../support/actions.js'
import type { Json } from '../../support/app.js'
import { anOrganization, Conformance, denial, type Login, metadataOf, NOTHING, PREFIX, sample } from '../../support/conformance.js'
import { type Answer, claimsOf } from '../../support/oauth.js'
import { recorded } from '../../support/recorded.js'

/* The conformance cases of spec/actions.md §10 about metadata of refresh tokens: from /authorize to the record at the Management API. */

let scene: Conformance
beforeAll(async () => (scene = await Conformance.start()))
afterAll(() => scene.service.close())

const access = ({ body }: Answer): Json => claimsOf(body.access_token)
const metadata = async (id: string): Promise<Json> => (await scene.record(id)).refresh_token_metadata

test('without bound Actions a flow goes on, and no process is started for it', async () => {
  const before = (await recorded(scene.service, 'ActionExecutionFailed')).length
  expect(await scene.run(aLogin())).toEqual({
    kind: 'allowed',
    execution: { actions: [] },
    claims: { accessToken: {}, idToken: {} },
    scopes: { add: [], remove: [] },
    refreshToken: { operations: [] },
    user: NOTHING.user,
    session: NOTHING.session,
    methods: [],
    warnings: [],
  })
  expect(scene.service.app.get(ActionsSandbox, { strict: false }).pids).toEqual([])
  expect((await recorded(scene.service, 'ActionExecutionFailed')).length).toBe(before)
})

test('C01: metadata is set before there is a refresh token, which the event does not have', async () => {
  const [action] = await scene.use(`api.refreshToken.setMetadata("deviceName","Auth0's iPhone"); console.log(event.refresh_token === undefined)`)
  const { answer, userId } = await scene.login()
  expect((await scene.redeem(answer)).status).toBe(200)
  expect((await scene.recordOf(userId)).refresh_token_metadata).toEqual({ deviceName: "Auth0's iPhone" })
  expect((await scene.executionOf('s', userId)).results).toMatchObject([{ logs: 'true' }])
  // Which code changed what.
  expect((await scene.allowed(aLogin())).execution).toEqual({
    id: expect.any(String),
    actions: [{ action_id: action!.id, version_id: action!.deployed_version.id, number: 1, decided: ['refreshToken.metadata set deviceName'] }],
  })
})

describe('the samples, of an organization and a device', () => {
  let acme: Json
  let login: Login
  let tokens: Answer
  beforeAll(async () => {
    acme = await anOrganization(scene, { name: 'acme', display_name: 'Acme Corp' })
    await scene.use(sample('set-organization-context'), sample('set-device-information'))
    login = await scene.login({ organization: acme.id }, (userId) => scene.service.api('POST', `organizations/${acme.id}/members`, { members: [userId] }))
    tokens = await scene.redeem(login.answer)
  })

  test('C02: what they set adds up', async () => {
    expect((await scene.recordOf(login.userId)).refresh_token_metadata).toEqual({
      org_id: acme.id,
      org_slug: 'acme',
      org_name: 'Acme Corp',
      initial_ip: '192.0.2.9',
      initial_asn: 'unknown',
      initial_country: 'unknown',
      initial_user_agent: 'Firefox/140',
    })
    expect(metadataOf(await scene.allowed(aLogin()))).not.toHaveProperty('org_id')
  })

  test('C03: what consumes it logs, and its reserved claim is the service’s own, with a warning', async () => {
    await scene.use(sample('consume-organization-context'))
    const first = await scene.refresh(tokens.body.refresh_token)
    expect(access(first)).toMatchObject({ org_id: acme.id })
    expect((await scene.executionOf('sertft', login.userId)).results).toMatchObject([
      { logs: 'Refresh token exchange for organization: acme', warnings: ['The claim org_id is set by the service alone and was left out.'] },
    ])
    await scene.use(sample('consume-organization-context').replace('"org_id", orgId', '"https://x.example/org", orgId'))
    expect(access(await scene.refresh(first.body.refresh_token))).toMatchObject({ org_id: acme.id, 'https://x.example/org': acme.id })
  })
})

test('C04: metadata of one Action is there for the next, and for the next exchange', async () => {
  await scene.use(
    `console.log(event.refresh_token?.metadata?.n); if(event.refresh_token) api.refreshToken.setMetadata("n","2")`,
    `api.accessToken.setCustomClaim("https://x/n", event.refresh_token?.metadata?.n)`,
  )
  const { id, userId, refreshToken } = await scene.holder({ n: '1' })
  const first = await scene.refresh(refreshToken)
  expect(access(first)).toMatchObject({ 'https://x/n': '2' })
  expect(await metadata(id)).toEqual({ n: '2' })
  expect((await scene.executionOf('sertft', userId)).results[0].logs).toBe('1')
  expect(access(await scene.refresh(first.body.refresh_token))).toMatchObject({ 'https://x/n': '2' })
  const { body } = await scene.service.api('GET', `refresh-tokens/${id}/history`)
  expect((await scene.execution(body.history.at(-1).details.actions.execution_id)).results[0].logs).toBe('2')
})

test('C05: a key of wrong characters fails the login, and the log says whose code it was', async () => {
  const [action] = await scene.use(`api.refreshToken.setMetadata("bad key!","x")`)
  const message = `${PREFIX}Metadata keys may only include letters, numbers, underscores, or hyphens`
  const { answer, userId } = await scene.login({ state: 'my-custom-state' })
  expect(answer).toEqual({ error: 'access_denied', error_description: message, state: 'my-custom-state' })
  const codes = await recorded(scene.service, 'AuthorizationCodeIssued')
  expect(codes.filter(({ data }) => data['userId'] === userId)).toEqual([])
  const entry = await scene.entry('f', userId)
  expect(entry).toMatchObject({ description: message, details: { actions: { executions: [expect.any(String)] } } })
  const [executionId] = entry.details.actions.executions
  expect(await scene.entry('actions_execution_failed', userId)).toMatchObject({
    details: {
      trigger_id: 'post-login',
      execution_id: executionId,
      action_id: action!.id,
      action_name: action!.name,
      version_id: action!.deployed_version.id,
      binding_id: expect.any(String),
      error_class: 'action_error',
      action_error: { name: 'Error', message, stack: expect.stringContaining('action.js'), code: '' },
    },
  })
  expect((await scene.execution(executionId)).status).toBe('partial')
  const fact = (await recorded(scene.service, 'ActionExecutionFailed')).at(-1)!
  expect(fact.data).toMatchObject({ executionId, actionId: action!.id, errorClass: 'action_error', error: { name: 'Error' } })
  expect(JSON.stringify(fact.data)).not.toContain('Metadata keys')
  expect(await scene.denied(aLogin())).toMatchObject({ why: 'action_error', ...NOTHING })
})

test('C06: the 26th entry fails the exchange, also where earlier Actions or transactions set the others', async () => {
  const message = `${PREFIX}Metadata must not contain more than 25 entries`
  await scene.use(`for (let n = 0; n < 25; n++) api.refreshToken.setMetadata('k' + n, 'v'); api.refreshToken.setMetadata('k25', 'v')`)
  const held = await scene.holder()
  expect(await scene.refused(held)).toEqual(denial(message))
  expect(await metadata(held.id)).toEqual({})
  await scene.bind('post-login')
  expect((await scene.refresh(held.refreshToken)).status).toBe(200)

  await scene.use(
    `for (let n = 0; n < 20; n++) api.refreshToken.setMetadata('a' + n, 'v')`,
    `for (let n = 0; n < 6; n++) api.refreshToken.setMetadata('b' + n, 'v')`,
  )
  expect((await scene.denied(aLogin())).description).toBe(message)
  await scene.use(`for (let n = 0; n < 25; n++) api.refreshToken.setMetadata('k' + n, 'v')`)
  expect((await scene.denied(anExchange({ before: '1' }))).description).toBe(message)
  expect(Object.keys(metadataOf(await scene.allowed(anExchange({ k0: '1' }))))).toHaveLength(25)
})

test('C07: a value has 255 characters at most', async () => {
  await scene.use(`api.refreshToken.setMetadata("v","x".repeat(event.transaction.login_hint))`)
  const first = await scene.login({ login_hint: '255' })
  expect((await scene.redeem(first.answer)).status).toBe(200)
  expect((await scene.recordOf(first.userId)).refresh_token_metadata).toEqual({ v: 'x'.repeat(255) })
  expect((await scene.login({ login_hint: '256' })).answer).toEqual({
    error: 'access_denied',
    error_description: `${PREFIX}All metadata values must be at most 255 characters long`,
    state: 'some state',
  })
})

test('C08: a value is a string, and null deletes', async () => {
  const held = await scene.holder({ g: '1' })
  for (const value of ['["a"]', 'undefined']) {
    await scene.use(`api.refreshToken.setMetadata("g",${value})`)
    expect(await scene.refused(held)).toEqual(denial(`${PREFIX}Metadata value must be a string`))
  }
  await scene.use(`api.refreshToken.setMetadata("g",null)`)
  expect((await scene.refresh(held.refreshToken)).status).toBe(200)
  expect(await metadata(held.id)).toEqual({})
  const calls = ['1', '{}', 'true'].map((value) => [`refreshToken.setMetadata("g", ${value})`, `${PREFIX}Metadata value must be a string`] as const)
  const absent = ['setMetadata("absent", null)', 'deleteMetadata("absent")'].map((call) => [`refreshToken.${call}`, ''] as const)
  const table = [...calls, ...absent, [`refreshToken.setMetadata(1, 'x')`, `${PREFIX}Metadata key must be a string`] as const]
  expect(
    await scene.thrown(
      anExchange({ g: '1' }),
      table.map(([call]) => call),
    ),
  ).toEqual(table.map(([, message]) => message))
})

test('C09: evicted metadata is empty for the Action, and absent for the next transaction', async () => {
  await scene.use(`api.refreshToken.evictMetadata(); api.accessToken.setCustomClaim("https://x/m", JSON.stringify(event.refresh_token.metadata))`)
  const { id, refreshToken } = await scene.holder({ a: '1', b: '2' })
  const first = await scene.refresh(refreshToken)
  expect(access(first)).toMatchObject({ 'https://x/m': '{}' })
  expect(await metadata(id)).toEqual({})
  await scene.use(`api.accessToken.setCustomClaim("https://x/absent", event.refresh_token.metadata === undefined)`)
  expect(access(await scene.refresh(first.body.refresh_token))).toMatchObject({ 'https://x/absent': true })
})
