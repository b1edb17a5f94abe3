import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Allowed, type Denied, replayMetadata } from '../../src/actions/index.js'
import { ActionsScene, aLogin, anExchange } from '../support/actions.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { recorded } from '../support/recorded.js'
import { mmdbFile } from '../support/mmdb.js'
import { ROOT, temporaryFolder } from '../support/service.js'

/*
 * The conformance cases of spec/actions.md §10, where Actions answer the flow that asks them. What login and exchange make of the answer is tested
 * with them.
 */

let service: TestApp
let scene: ActionsScene
beforeAll(async () => {
  service = await startApp({ ACTIONS_TIMEOUT_MS: '1500', ACTIONS_POOL_SIZE: '2' })
  scene = new ActionsScene(service)
})
afterAll(() => service.close())

type Event = ReturnType<typeof aLogin>
const allowed = async (event: Event): Promise<Allowed> => {
  const outcome = await scene.run(event)
  if (outcome.kind !== 'allowed') throw new Error(`not allowed: ${JSON.stringify(outcome)}`)
  return outcome
}
const denied = async (event: Event): Promise<Denied> => {
  const outcome = await scene.run(event)
  if (outcome.kind !== 'denied') throw new Error(`not denied: ${JSON.stringify(outcome)}`)
  return outcome
}
/** What the refresh token's metadata would be afterwards. */
const metadata = ({ refreshToken }: Allowed, before: Record<string, string> = {}): Record<string, string> => replayMetadata(before, refreshToken.operations)
const execution = async (outcome: Allowed | Denied): Promise<Json> => (await service.api('GET', `actions/executions/${outcome.execution.id}`)).body
/** What each call throws, in one execution: a mistake that is caught leaves the rest as it was. */
const thrown = async (event: Event, calls: readonly string[]): Promise<unknown> => {
  const tries = calls.map((call) => `try { api.${call}; out.push('') } catch (e) { out.push(e.message) }`)
  await scene.use(`const out = []; ${tries.join('; ')}; api.idToken.setCustomClaim('out', out)`)
  return (await allowed(event)).claims.idToken['out']
}
const texts = (table: readonly (readonly [string, string])[]): readonly [string[], string[]] => [table.map(([call]) => call), table.map(([, text]) => text)]
const PREFIX = 'Failed to set refresh token metadata: Invalid metadata: '
const ACME = { id: 'org_abc', name: 'acme', display_name: 'Acme Corp', metadata: {} }
const sample = (name: string): string => readFileSync(path.join(ROOT, 'test/support/sample-actions', `${name}.js`), 'utf8')

/** Nothing that an Action asked for is to be done. */
const NOTHING = { user: { user_metadata: {}, app_metadata: {} }, session: { operations: [] }, methods: [], revokeRefreshToken: false }

test('without bound Actions a flow goes on, and no process is started for it', async () => {
  const before = (await recorded(service, 'ActionExecutionFailed')).length
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
  const { ActionsSandbox } = await import('../../src/actions/run/actions-sandbox.js')
  expect(service.app.get(ActionsSandbox, { strict: false }).pids).toEqual([])
  expect((await recorded(service, 'ActionExecutionFailed')).length).toBe(before)
})

test('C01: metadata is set before there is a refresh token, which the event does not have', async () => {
  const [action] = await scene.use(
    `api.refreshToken.setMetadata("deviceName","Auth0's iPhone"); api.idToken.setCustomClaim('seen', event.refresh_token === undefined)`,
  )
  const outcome = await allowed(aLogin())
  expect(metadata(outcome)).toEqual({ deviceName: "Auth0's iPhone" })
  expect(outcome.claims.idToken).toEqual({ seen: true })
  // Which code changed what.
  expect(outcome.execution).toEqual({
    id: expect.any(String),
    actions: [
      { action_id: action!.id, version_id: action!.deployed_version.id, number: 1, decided: ['refreshToken.metadata set deviceName', 'idToken.claim seen'] },
    ],
  })
})

test('C02: the samples that set the organization and the device add up', async () => {
  await scene.use(sample('set-organization-context'), sample('set-device-information'))
  expect(metadata(await allowed(aLogin({ organization: ACME })))).toEqual({
    org_id: 'org_abc',
    org_slug: 'acme',
    org_name: 'Acme Corp',
    initial_ip: '192.0.2.9',
    initial_asn: 'unknown',
    initial_country: 'unknown',
    initial_user_agent: 'Firefox/140',
  })
  expect(metadata(await allowed(aLogin()))).not.toHaveProperty('org_id')
})

test('C03: the sample that consumes the organization logs, and its reserved claim is left out with a warning', async () => {
  await scene.use(sample('consume-organization-context'))
  const stored = { org_id: 'org_abc', org_slug: 'acme', org_name: 'Acme Corp' }
  const outcome = await allowed(anExchange(stored, { organization: ACME }))
  expect(outcome.claims.accessToken).toEqual({})
  expect((await execution(outcome)).results[0]).toMatchObject({
    logs: 'Refresh token exchange for organization: acme',
    warnings: ['The claim org_id is set by the service alone and was left out.'],
  })
  await scene.use(sample('consume-organization-context').replace('"org_id", orgId', '"https://x.example/org", orgId'))
  expect((await allowed(anExchange(stored))).claims.accessToken).toEqual({ 'https://x.example/org': 'org_abc' })
})

test('C04: metadata of one Action is there for the next, and for the next exchange', async () => {
  await scene.use(
    `if(event.refresh_token) api.refreshToken.setMetadata("n","2")`,
    `api.accessToken.setCustomClaim("https://x/n", event.refresh_token?.metadata?.n)`,
  )
  const outcome = await allowed(anExchange({ n: '1' }))
  expect(outcome.claims.accessToken).toEqual({ 'https://x/n': '2' })
  const stored = metadata(outcome, { n: '1' })
  expect(stored).toEqual({ n: '2' })
  await scene.use(`api.idToken.setCustomClaim("https://x/seen", event.refresh_token.metadata.n)`)
  expect((await allowed(anExchange(stored))).claims.idToken).toEqual({ 'https://x/seen': '2' })
})

test('C05: a key of wrong characters fails the login, and the log says whose code it was', async () => {
  const [action] = await scene.use(`api.refreshToken.setMetadata("bad key!","x")`)
  const outcome = await denied(aLogin())
  const message = `${PREFIX}Metadata keys may only include letters, numbers, underscores, or hyphens`
  expect(outcome).toEqual({
    kind: 'denied',
    why: 'action_error',
    error: 'access_denied',
    description: message,
    execution: { id: expect.any(String), actions: [expect.objectContaining({ action_id: action!.id, decided: [] })] },
    warnings: [],
    ...NOTHING,
  })
  const fact = (await recorded(service, 'ActionExecutionFailed')).at(-1)!
  expect(fact.data).toMatchObject({
    triggerId: 'post-login',
    executionId: outcome.execution.id,
    actionId: action!.id,
    errorClass: 'action_error',
    error: { name: 'Error' },
  })
  expect(JSON.stringify(fact.data)).not.toContain('Metadata keys')
  const row = await eventually(async () => (await service.api('GET', 'logs?q=type:actions_execution_failed&sort=date:-1')).body[0])
  expect(row).toMatchObject({
    type: 'actions_execution_failed',
    user_id: 'auth0|ada',
    details: {
      trigger_id: 'post-login',
      execution_id: outcome.execution.id,
      action_id: action!.id,
      action_name: action!.name,
      version_id: action!.deployed_version.id,
      binding_id: expect.any(String),
      error_class: 'action_error',
      action_error: { name: 'Error', message, stack: expect.stringContaining('action.js'), code: '' },
    },
  })
  expect((await execution(outcome)).status).toBe('partial')
})

test('C06: the 26th entry fails the exchange, also where earlier Actions or transactions set the others', async () => {
  await scene.use(`for (let n = 0; n < 26; n++) api.refreshToken.setMetadata('k' + n, 'v')`)
  expect((await denied(anExchange())).description).toBe(`${PREFIX}Metadata must not contain more than 25 entries`)
  await scene.use(
    `for (let n = 0; n < 20; n++) api.refreshToken.setMetadata('a' + n, 'v')`,
    `for (let n = 0; n < 6; n++) api.refreshToken.setMetadata('b' + n, 'v')`,
  )
  expect((await denied(aLogin())).description).toBe(`${PREFIX}Metadata must not contain more than 25 entries`)
  await scene.use(`for (let n = 0; n < 25; n++) api.refreshToken.setMetadata('k' + n, 'v')`)
  expect((await denied(anExchange({ before: '1' }))).description).toBe(`${PREFIX}Metadata must not contain more than 25 entries`)
  expect(Object.keys(metadata(await allowed(anExchange({ k0: '1' }))))).toHaveLength(25)
})

test('C07: a value has 255 characters at most', async () => {
  await scene.use(`api.refreshToken.setMetadata("v","x".repeat(event.request.query.n))`)
  const login = (n: string): Event => aLogin({ request: { ...aLogin().request, query: { n } } })
  expect(metadata(await allowed(login('255')))['v']).toHaveLength(255)
  expect((await denied(login('256'))).description).toBe(`${PREFIX}All metadata values must be at most 255 characters long`)
})

test('C08: a value is a string, and null deletes', async () => {
  const stored = { g: '1' }
  await scene.use(`api.refreshToken.setMetadata("g", ["a"])`)
  expect((await denied(anExchange(stored))).description).toBe(`${PREFIX}Metadata value must be a string`)
  const values = ['undefined', '1', '{}', 'true']
  expect(
    await thrown(
      anExchange(stored),
      values.map((value) => `refreshToken.setMetadata("g", ${value})`),
    ),
  ).toEqual(values.map(() => `${PREFIX}Metadata value must be a string`))
  await scene.use(`api.refreshToken.setMetadata("g", null); api.refreshToken.setMetadata("absent", null); api.refreshToken.deleteMetadata("absent")`)
  expect(metadata(await allowed(anExchange(stored)), stored)).toEqual({})
})

test('C09: evicted metadata is empty for the Action, and absent for the next transaction', async () => {
  const show = `api.accessToken.setCustomClaim("https://x/m", JSON.stringify(event.refresh_token.metadata) ?? 'undefined')`
  await scene.use(`api.refreshToken.evictMetadata(); ${show}`)
  const stored = { a: '1', b: '2' }
  const outcome = await allowed(anExchange(stored))
  expect(outcome.claims.accessToken).toEqual({ 'https://x/m': '{}' })
  expect(metadata(outcome, stored)).toEqual({})
  await scene.use(show)
  expect((await allowed(anExchange({}))).claims.accessToken).toEqual({ 'https://x/m': 'undefined' })
})

test('C10: a denial keeps what was set of the user, stops later Actions, and touches no refresh token', async () => {
  await scene.use(
    `api.user.setUserMetadata("seen",true); api.refreshToken.setMetadata("x","1"); api.session.setCookieMode("non-persistent"); api.access.deny("nope"); api.user.setAppMetadata("after", 1)`,
    `api.user.setUserMetadata("a2",1)`,
  )
  const outcome = await denied(anExchange({}, {}, { online: false }))
  expect(outcome).toMatchObject({
    why: 'denied',
    error: 'access_denied',
    description: 'nope',
    revokeRefreshToken: false,
    user: { user_metadata: { seen: true }, app_metadata: { after: 1 } },
  })
  expect(outcome).not.toHaveProperty('refreshToken')
  const { results, status } = await execution(outcome)
  expect(status).toBe('final')
  expect(results).toHaveLength(1)
  expect((await denied(aLogin())).session).toEqual({ operations: [], cookieMode: 'non-persistent' })
  await scene.use(`api.validation.error("code-1", "not like this")`)
  expect(await denied(aLogin())).toMatchObject({ why: 'validation', description: 'not like this', code: 'code-1', error: 'access_denied' })
})

test('C11: a throw discards everything, of earlier Actions too', async () => {
  const [, second] = await scene.use(`api.user.setUserMetadata("seen2",true); api.session.setMetadata("s","1")`, `throw new Error("boom")`)
  expect(await denied(aLogin())).toMatchObject({ description: 'boom', ...NOTHING })
  expect((await recorded(service, 'ActionExecutionFailed')).at(-1)!.data).toMatchObject({ actionName: second!.name })
})

test('C12: an Action that takes too long is stopped; meanwhile and afterwards others log in', async () => {
  for (const body of ['await new Promise(()=>{})', 'while(true){}']) {
    await scene.use(`if (event.client.client_id === 'slow') { ${body} } api.idToken.setCustomClaim('fine', 1)`)
    const slow = scene.run(anExchange({}, { client: { client_id: 'slow', name: 'Slow', metadata: {} } }))
    const others = await Promise.all([1, 2, 3].map(() => scene.run(aLogin())))
    for (const outcome of others) expect(outcome).toMatchObject({ kind: 'allowed', claims: { idToken: { fine: 1 } } })
    expect(await slow).toMatchObject({
      kind: 'denied',
      why: 'action_timeout',
      error: 'access_denied',
      description: 'The execution of an Action timed out.',
      ...NOTHING,
    })
    expect((await recorded(service, 'ActionExecutionFailed')).at(-1)!.data['errorClass']).toBe('action_timeout')
    expect((await allowed(aLogin())).claims.idToken).toEqual({ fine: 1 })
  }
})

test('C13: an Action revokes the refresh token of an exchange, and of nothing else', async () => {
  await scene.use(`api.refreshToken.revoke("Invalid IP change"); api.user.setUserMetadata('kept', 1)`, `api.user.setUserMetadata('later', 1)`)
  expect(await denied(anExchange())).toMatchObject({
    why: 'refresh-token-revoked',
    error: 'access_denied',
    description: 'Invalid IP change',
    revokeRefreshToken: true,
    user: { user_metadata: { kept: 1 } },
  })
  // Where there is none, the flow ends all the same.
  expect(await denied(aLogin())).toMatchObject({ why: 'refresh-token-revoked', description: 'Invalid IP change', revokeRefreshToken: false })
  expect(await thrown(anExchange(), ['refreshToken.revoke(undefined)', `refreshToken.revoke('x'.repeat(1025))`])).toEqual([
    'message must be string',
    'message must NOT have more than 1024 characters',
  ])
})

test('C14, C15: expiry only shortens, the earliest of all calls counts, and both ends are told', async () => {
  const at = Date.parse('2030-01-01T00:00:00.000Z')
  await scene.use(
    `api.refreshToken.setExpiresAt(${at}); api.refreshToken.setExpiresAt(${at + 5}); api.refreshToken.setIdleExpiresAt(${at})`,
    `api.refreshToken.setIdleExpiresAt(${at - 7})`,
  )
  expect((await allowed(aLogin())).refreshToken).toEqual({ operations: [], expiresAt: at, idleExpiresAt: at - 7 })
  await scene.use(`api.session.setExpiresAt(${at}); api.session.setIdleExpiresAt(${at - 1})`)
  expect((await allowed(aLogin())).session).toEqual({ operations: [], expiresAt: at, idleExpiresAt: at - 1 })
  expect(await allowed(anExchange())).toMatchObject({
    session: { operations: [] },
    warnings: expect.arrayContaining(['There is no session whose expiry could be set.']),
  })
})

test('C16: an expiry is a finite number', async () => {
  await scene.use(`api.refreshToken.setExpiresAt(String(Date.now()))`)
  expect((await denied(anExchange())).description).toBe('absolute must be number')
  const [calls, messages] = texts([
    ['refreshToken.setExpiresAt(String(Date.now()))', 'absolute must be number'],
    ['refreshToken.setExpiresAt(new Date())', 'absolute must be number'],
    ['refreshToken.setExpiresAt(Infinity)', 'absolute must be number'],
    ['refreshToken.setExpiresAt(0)', 'Either inactivity or absolute expiration time must be provided'],
    ['refreshToken.setExpiresAt(NaN)', 'Either inactivity or absolute expiration time must be provided'],
    ['refreshToken.setIdleExpiresAt("1")', 'inactivity must be number'],
    ['refreshToken.setIdleExpiresAt()', 'Either inactivity or absolute expiration time must be provided'],
    ['session.setExpiresAt([])', 'absolute must be number'],
    ['session.setIdleExpiresAt(null)', 'Either inactivity or absolute expiration time must be provided'],
  ])
  expect(
    await thrown(
      anExchange(),
      calls.map((call) => `${call}`),
    ),
  ).toEqual(messages)
})

test('C17: reserved claims are left out in silence; undefined takes a claim back', async () => {
  await scene.use(
    `api.idToken.setCustomClaim("sub","evil"); api.accessToken.setCustomClaim("roles",["x"]); api.idToken.setCustomClaim("https://auth0.com/x",1); api.idToken.setCustomClaim("color","pink"); api.accessToken.setCustomClaim("https://x/u",undefined)`,
    `api.idToken.setCustomClaim("https://x/gone", 1)`,
    `api.idToken.setCustomClaim("https://x/gone", undefined); api.idToken.setCustomClaim("nothing", null); api.idToken.setCustomClaim("email", "set@example.com"); api.accessToken.setCustomClaim("email", "too")`,
  )
  expect((await allowed(aLogin())).claims).toEqual({ idToken: { color: 'pink', nothing: null, email: 'set@example.com' }, accessToken: { email: 'too' } })
  // Nobody manages this service by an Action's word.
  const management = { resource_server: { identifier: `${service.url}api/v2/` } }
  expect((await allowed(aLogin(management))).claims.accessToken).toEqual({})

  await scene.use(`api.idToken.setCustomClaim('big', 'x'.repeat(100_001))`)
  expect((await denied(aLogin())).description).toBe('The custom claims of the ID token exceed 100 KB.')
  await scene.use(`const loop = {}; loop.loop = loop; api.idToken.setCustomClaim('loop', loop)`)
  expect((await denied(aLogin())).description).toBe('The value of the "loop" claim is not serializable.')
})

test('C18: scope is no claim, and scopes are edited for this token alone', async () => {
  await scene.use(`api.accessToken.setCustomClaim("scope","admin")`)
  expect((await denied(aLogin())).description).toBe('The "scope" claim cannot be set.')
  await scene.use(
    `api.accessToken.addScope(" read:x "); api.accessToken.removeScope("profile"); api.accessToken.addScope("twice")`,
    `api.accessToken.removeScope("twice")`,
  )
  expect((await allowed(aLogin())).scopes).toEqual({ add: ['read:x'], remove: ['profile', 'twice'] })
  const [scopes, messages] = texts([
    ['1', 'The value for the scope must be a string.'],
    ["''", 'The value for the scope is required.'],
    ["'x'.repeat(281)", 'The value for the scope exceeds the allowed maximum of 280 characters.'],
    ["'a b'", 'The value for the scope must not have whitespace.'],
    [`'a"b'`, 'The value for the scope is of the wrong type or exceeds the size limit.'],
  ])
  expect(
    await thrown(
      aLogin(),
      scopes.map((scope) => `accessToken.addScope(${scope})`),
    ),
  ).toEqual(messages)
  await scene.use(`for (let n = 0; n < 1001; n++) api.accessToken.addScope('s' + n)`)
  expect((await denied(aLogin())).description).toBe('The number of scopes exceeds the allowed maximum of 1000.')
})

test('C19: transaction metadata is seen at once and by later Actions, and not by the next transaction', async () => {
  const show = `api.idToken.setCustomClaim("https://x/h",event.transaction.metadata.h)`
  await scene.use(`api.transaction.setMetadata("h","1"); if(event.transaction.metadata.h!=="1") throw 1`, show)
  expect((await allowed(aLogin())).claims.idToken).toEqual({ 'https://x/h': '1' })
  await scene.use(show)
  expect((await allowed(anExchange())).claims.idToken).toEqual({})
  const [all, messages] = texts([
    [`1, 'x'`, 'Transaction metadata key must be a string of at most 64 characters'],
    [`'x'.repeat(65), 'x'`, 'Transaction metadata key must be a string of at most 64 characters'],
    [`'x', {}`, 'Transaction metadata value must be a string, number or boolean'],
    [`'x', NaN`, 'Transaction metadata value must be a string, number or boolean'],
    [`'x', 2 ** 53`, 'Transaction metadata value must be a string, number or boolean'],
    [`'x', 'y'.repeat(8193)`, 'Transaction metadata value exceeds 8192 bytes'],
  ])
  expect(
    await thrown(
      aLogin(),
      all.map((args) => `transaction.setMetadata(${args})`),
    ),
  ).toEqual(messages)
  await scene.use(
    `api.transaction.setMetadata('a', 'x'.repeat(8000)); api.transaction.setMetadata('b', 'x'.repeat(8000)); api.transaction.setMetadata('c', 'x'.repeat(400))`,
  )
  expect((await denied(aLogin())).description).toBe('Transaction metadata total size exceeds 16384 bytes')
  await scene.use(`try { api.transaction.addTargetScope('x') } catch (e) { api.idToken.setCustomClaim('text', e.message) }`)
  expect((await allowed(aLogin())).claims.idToken).toEqual({ text: 'Method not implemented.' })
})

test('C20: a session’s metadata needs a session', async () => {
  await scene.use(
    `api.session.deleteMetadata("x"); api.session.evictMetadata(); api.session.setCookieMode('persistent'); api.session.setMetadata("d","1"); api.idToken.setCustomClaim('m', event.session.metadata)`,
  )
  const { session: _, ...withoutSession } = aLogin()
  const password = { ...withoutSession, transaction: { protocol: 'oauth2-password' as const, requested_scopes: [] } }
  expect((await denied(password)).description).toBe('Failed to set session metadata: Cannot set metadata on a session that does not exist.')
  const outcome = await allowed(aLogin())
  expect(replayMetadata({}, outcome.session.operations)).toEqual({ d: '1' })
  expect(outcome.claims.idToken).toEqual({ m: { d: '1' } })
  // Absent until something was set.
  await scene.use(`api.idToken.setCustomClaim('first', !event.session.metadata)`)
  expect((await allowed(aLogin())).claims.idToken).toEqual({ first: true })
  expect((await allowed(aLogin({ session: { ...aLogin().session!, metadata: { d: '1' } } }))).claims.idToken).toEqual({ first: false })
  const [calls, messages] = texts([
    [
      `setMetadata('bad key', 'x')`,
      'Failed to set session metadata: Invalid metadata: Metadata keys may only include letters, numbers, underscores, or hyphens',
    ],
    [`setCookieMode()`, 'Cookie mode must be provided'],
    [`setCookieMode('x')`, "Invalid cookie mode: x. Valid values are 'persistent' and 'non-persistent'."],
    [`revoke(1)`, 'message must be string'],
    [`revoke('x', { nonsense: 1 })`, 'options must NOT have additional properties'],
    [`revoke('x', { preserveRefreshTokens: 1 })`, 'preserveRefreshTokens must be boolean'],
  ])
  expect(
    await thrown(
      aLogin(),
      calls.map((call) => `session.${call}`),
    ),
  ).toEqual(messages)
  await scene.use(`api.session.setMetadata('x', '1'); api.user.setUserMetadata('kept', 1); api.session.revoke('out', { preserveRefreshTokens: true })`)
  expect(await denied(aLogin())).toMatchObject({
    why: 'session-revoked',
    description: 'out',
    revokeSession: { preserveRefreshTokens: true },
    session: { operations: [] },
    user: { user_metadata: { kept: 1 } },
  })
})

test('C21: a handler is an async function of an exported object', async () => {
  const signature = `Invalid function signature for the "onExecutePostLogin" handler. Use "exports.onExecutePostLogin = async function(event, api) { }" as the signature.`
  for (const [code, message] of [
    ['exports.onExecutePostLogin = (e,a)=>{}', signature],
    ['exports.onExecuteOther = async () => {}', signature],
    ['exports.x = 1; module.exports = null', 'The Action must export an object.'],
    ['exports.x = 1; module.exports = () => {}', 'The Action must export an object.'],
    [`exports.x = 1; throw new Error('at load')`, 'at load'],
  ] as const) {
    await scene.use(code)
    expect((await denied(aLogin())).description).toBe(message)
    // Remembered, and thrown again.
    expect((await denied(aLogin())).description).toBe(message)
  }
})

test('C22: the state of a module lives as long as its version', async () => {
  const one = await startApp({ ACTIONS_POOL_SIZE: '1' })
  try {
    const alone = new ActionsScene(one)
    const [action] = await alone.use(`let n=0; exports.onExecutePostLogin=async(event,api)=>{ n++; api.idToken.setCustomClaim("https://x/n",n)}`)
    const count = async (): Promise<unknown> => ((await alone.run(aLogin())) as Allowed).claims.idToken['https://x/n']
    expect([await count(), await count(), await count()]).toEqual([1, 2, 3])
    await one.api('POST', `actions/actions/${action!.id}/deploy`)
    expect(await count()).toBe(1)
  } finally {
    await one.close()
  }
})

test('C23: a second factor that is asked for is the flow’s to see to, before anything is issued', async () => {
  await scene.use(`if (event.transaction.protocol !== "oauth2-refresh-token") api.multifactor.enable("any"); api.refreshToken.setMetadata("x","1")`)
  expect(await allowed(anExchange())).not.toHaveProperty('multifactor')
  expect(await allowed(aLogin())).toMatchObject({ multifactor: 'required', refreshToken: { operations: [{ op: 'set', key: 'x', value: '1' }] } })
  await scene.use(`api.multifactor.enable("any")`, `api.multifactor.enable("none")`)
  expect((await allowed(aLogin())).multifactor).toBe('none')
  await scene.use(`api.multifactor.enable("nonsense")`)
  expect((await denied(aLogin())).description).toBe('provider must be equal to one of the allowed values')
})

test('C24: an online refresh token takes a revocation alone', async () => {
  const online = anExchange({}, {}, { online: true })
  await scene.use(`if(event.refresh_token?.access==="online") api.refreshToken.revoke("bye")`)
  expect(await denied(online)).toMatchObject({ why: 'refresh-token-revoked', description: 'bye', revokeRefreshToken: true })
  expect((await scene.run(anExchange())).kind).toBe('allowed')
  const [calls, messages] = texts([
    [`setMetadata("a","b")`, 'Failed to set refresh token metadata: Cannot call setMetadata on an online refresh token.'],
    [`deleteMetadata("a")`, 'Cannot call deleteMetadata on an online refresh token.'],
    [`evictMetadata()`, 'Cannot call evictMetadata on an online refresh token.'],
    [`setExpiresAt(1)`, 'Cannot call setExpiresAt on an online refresh token.'],
    [`setIdleExpiresAt(1)`, 'Cannot call setIdleExpiresAt on an online refresh token.'],
  ])
  expect(
    await thrown(
      online,
      calls.map((call) => `refreshToken.${call}`),
    ),
  ).toEqual(messages)
})

describe('the sample Actions', () => {
  test('a country that changed is noted in the metadata', async () => {
    const folder = temporaryFolder()
    const file = path.join(folder, 'city.mmdb')
    writeFileSync(file, mmdbFile('GeoLite2-City', '203.0.114.0', 24, { country: { iso_code: 'FR', names: { en: 'France' } } }))
    const withPlaces = await startApp({ GEOIP_CITY_FILE: file })
    try {
      const there = new ActionsScene(withPlaces)
      await there.use(sample('set-device-information'), sample('validate-device-information'))
      const from = (event: Event, ip: string): Event => ({ ...event, request: { ...event.request, ip } })
      const login = (await there.run(from(aLogin(), '203.0.114.7'))) as Allowed
      expect(metadata(login)).toMatchObject({ initial_ip: '203.0.114.7', initial_country: 'FR', initial_asn: 'unknown' })
      expect(metadata((await there.run(from(anExchange({ initial_country: 'DE' }), '203.0.114.7'))) as Allowed)).toEqual({
        country_changed: 'true',
        last_country: 'FR',
      })
      expect(metadata((await there.run(from(anExchange({ initial_country: 'FR' }), '203.0.114.7'))) as Allowed)).toEqual({})
      expect(metadata((await there.run(anExchange({ initial_country: 'DE' }))) as Allowed)).toEqual({})
    } finally {
      await withPlaces.close()
      rmSync(folder, { recursive: true })
    }
  })

  test('an online token brings the session’s information into the tokens', async () => {
    await scene.use(sample('online-token-check'))
    const event = anExchange({}, {}, { online: true })
    const outcome = await allowed({ ...event, session: { ...event.session!, metadata: { importantInformation: 'x' } } })
    expect(outcome.claims).toEqual({ accessToken: { info: 'x' }, idToken: { info: 'x' } })
    expect((await execution(outcome)).results[0].logs).toBe('Exchanging Online Refresh Token bound to Session ID:  session-1')
    expect((await allowed(anExchange())).claims).toEqual({ accessToken: {}, idToken: {} })
  })
})

describe('X6', () => {
  test('bombs of one client end, and the exchanges of another all succeed', async () => {
    await scene.use(
      `const bomb = event.client.client_id; const all = [];
       if (bomb === 'heap') while (true) all.push(new Array(1000).fill(Math.random()));
       if (bomb === 'buffers') for (;;) { all.push(Buffer.alloc(8e6, 1)); await null }
       api.idToken.setCustomClaim('fine', 1)`,
    )
    const as = (client_id: string): Event => anExchange({}, { client: { client_id, name: client_id, metadata: {} } })
    const slow = await startApp()
    try {
      const patient = new ActionsScene(slow)
      await patient.use(
        `const bomb = event.client.client_id; const all = [];
         if (bomb === 'heap') while (true) all.push(new Array(1000).fill(Math.random()));
         if (bomb === 'buffers') for (;;) { all.push(Buffer.alloc(8e6, 1)); await null }
         api.idToken.setCustomClaim('fine', 1)`,
      )
      const before = process.memoryUsage().rss
      const [heap, buffers, ...healthy] = await Promise.all(
        [as('heap'), as('buffers'), ...Array.from({ length: 20 }, () => as('healthy'))].map((event) => patient.run(event)),
      )
      for (const bomb of [heap, buffers])
        expect(bomb).toMatchObject({ kind: 'denied', error: 'access_denied', description: 'The execution of an Action exceeded its memory limit.' })
      expect(healthy.filter(({ kind }) => kind !== 'allowed')).toEqual([])
      for (const outcome of healthy) expect(outcome).toMatchObject({ kind: 'allowed', claims: { idToken: { fine: 1 } } })
      expect(process.memoryUsage().rss - before).toBeLessThan(200e6)
    } finally {
      await slow.close()
    }
  })
})
