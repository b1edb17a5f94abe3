import { replayMetadata } from '../../../src/actions/index.js'
import { aLogin, anExchange } from '../../support/actions.js'
import type { Json } from '../../support/app.js'
import { Conformance, denial, sample } from '../../support/conformance.js'
import { aClient, PASSWORD } from '../../support/people.js'
import { type Answer, claimsOf } from '../../support/oauth.js'

/* The conformance cases of spec/actions.md §10 about claims, scopes, sessions and an Action's own state. One runner, so that there is one state. */

let scene: Conformance
beforeAll(async () => (scene = await Conformance.start({ ACTIONS_POOL_SIZE: '1' })))
afterAll(() => scene.service.close())

const access = ({ body }: Answer): Json => claimsOf(body.access_token)
const identity = ({ body }: Answer): Json => claimsOf(body.id_token)
const refusal = (error_description: string) => ({ error: 'access_denied', error_description, state: 'some state' })

test('C17: reserved claims are left out in silence; undefined takes a claim back', async () => {
  await scene.use(
    `api.idToken.setCustomClaim("sub","evil"); api.accessToken.setCustomClaim("roles",["x"]); api.idToken.setCustomClaim("https://auth0.com/x",1); api.idToken.setCustomClaim("color","pink"); api.accessToken.setCustomClaim("https://x/u",undefined)`,
    `api.idToken.setCustomClaim("https://x/gone", 1)`,
    `api.idToken.setCustomClaim("https://x/gone", undefined); api.idToken.setCustomClaim("nothing", null); api.idToken.setCustomClaim("email", "set@example.com"); api.accessToken.setCustomClaim("email", "too")`,
  )
  const { answer, userId } = await scene.login()
  const tokens = await scene.redeem(answer)
  expect(tokens.status).toBe(200)
  expect(identity(tokens)).toMatchObject({ sub: userId, color: 'pink' })
  for (const name of ['roles', 'https://auth0.com/x', 'https://x/u']) {
    expect(identity(tokens)).not.toHaveProperty([name])
    expect(access(tokens)).not.toHaveProperty([name])
  }
  expect((await scene.allowed(aLogin())).claims).toEqual({
    idToken: { color: 'pink', nothing: null, email: 'set@example.com' },
    accessToken: { email: 'too' },
  })
  // Nobody manages this service by an Action's word.
  const management = { resource_server: { identifier: `${scene.service.url}api/v2/` } }
  expect((await scene.allowed(aLogin(management))).claims.accessToken).toEqual({})

  await scene.use(
    `if (event.refresh_token) { const loop = {}; loop.loop = loop; api.idToken.setCustomClaim('loop', loop) } else api.idToken.setCustomClaim('big', 'x'.repeat(100_001))`,
  )
  const tooLarge = 'The custom claims of the ID token exceed 100 KB.'
  const refused = await scene.denied(aLogin())
  expect(refused).toMatchObject({ why: 'action_error', description: tooLarge })
  const record = await scene.service.api('GET', `actions/executions/${refused.execution.id}`)
  expect(record.body).toMatchObject({ status: 'partial', results: [{ error: { msg: tooLarge } }] })
  expect((await scene.denied(anExchange())).description).toBe('The value of the "loop" claim is not serializable.')
})

test('C18: scope is no claim, and scopes are edited for this token alone', async () => {
  const scope = 'openid profile offline_access'
  await scene.use(`api.accessToken.setCustomClaim("scope","admin")`)
  expect((await scene.login({ scope })).answer).toEqual(refusal('The "scope" claim cannot be set.'))
  await scene.use(`api.accessToken.addScope(" read:x "); api.accessToken.removeScope("profile")`)
  const tokens = await scene.redeem((await scene.login({ scope })).answer)
  expect(access(tokens).scope.split(' ')).toEqual(['openid', 'offline_access', 'read:x'])
  expect(tokens.body.scope).toBe(access(tokens).scope)
  await scene.bind('post-login')
  expect(access(await scene.refresh(tokens.body.refresh_token)).scope).toBe(scope)

  await scene.use(
    `if (event.refresh_token) for (let n = 0; n < 1001; n++) api.accessToken.addScope('s' + n); else api.accessToken.addScope('twice')`,
    `api.accessToken.removeScope("twice")`,
  )
  expect((await scene.allowed(aLogin())).scopes).toEqual({ add: [], remove: ['twice'] })
  expect((await scene.denied(anExchange())).description).toBe('The number of scopes exceeds the allowed maximum of 1000.')
  const table = {
    '1': 'The value for the scope must be a string.',
    "''": 'The value for the scope is required.',
    "'x'.repeat(281)": 'The value for the scope exceeds the allowed maximum of 280 characters.',
    "'a b'": 'The value for the scope must not have whitespace.',
    [`'a"b'`]: 'The value for the scope is of the wrong type or exceeds the size limit.',
  }
  for (const method of ['addScope', 'removeScope'])
    expect(
      await scene.thrown(
        aLogin(),
        Object.keys(table).map((value) => `accessToken.${method}(${value})`),
      ),
    ).toEqual(Object.values(table))
})

test('C19: transaction metadata is seen at once and by later Actions, and not by the next transaction', async () => {
  const [, second] = await scene.use(
    `api.transaction.setMetadata("h","1"); if(event.transaction.metadata.h!=="1") throw 1`,
    `api.idToken.setCustomClaim("https://x/h",event.transaction.metadata.h)`,
  )
  const tokens = await scene.redeem((await scene.login()).answer)
  expect(identity(tokens)).toMatchObject({ 'https://x/h': '1' })
  await scene.bind('post-login', second)
  const refreshed = await scene.refresh(tokens.body.refresh_token)
  expect(refreshed.status).toBe(200)
  expect(identity(refreshed)).not.toHaveProperty(['https://x/h'])

  const table = {
    "setMetadata(1, 'x')": 'Transaction metadata key must be a string of at most 64 characters',
    "setMetadata('x'.repeat(65), 'x')": 'Transaction metadata key must be a string of at most 64 characters',
    "setMetadata('x', {})": 'Transaction metadata value must be a string, number or boolean',
    "setMetadata('x', NaN)": 'Transaction metadata value must be a string, number or boolean',
    "setMetadata('x', 2 ** 53)": 'Transaction metadata value must be a string, number or boolean',
    "setMetadata('x', 'y'.repeat(8193))": 'Transaction metadata value exceeds 8192 bytes',
    "setMetadata('a', 'x'.repeat(8000))": '',
    "setMetadata('b', 'x'.repeat(8000))": '',
    "setMetadata('c', 'x'.repeat(400))": 'Transaction metadata total size exceeds 16384 bytes',
    "addTargetScope('x')": 'Method not implemented.',
  }
  expect(await scene.thrown(aLogin(), Object.keys(table), 'transaction')).toEqual(Object.values(table))
})

test('C20: a session’s metadata needs a session, and stays with it', async () => {
  await scene.use(`api.idToken.setCustomClaim('before', event.session?.metadata?.d ?? 'none')`, `api.session.setMetadata("d","1")`)
  const { answer, who, email } = await scene.login()
  const first = identity(await scene.redeem(answer))
  expect(first['before']).toBe('none')
  expect((await scene.service.api('GET', `sessions/${first['sid']}`)).body.session_metadata).toEqual({ d: '1' })
  expect(identity(await scene.redeem(await scene.enter(who, email)))).toMatchObject({ sid: first['sid'], before: '1' })

  const app = await aClient(scene.service, { app_type: 'native', grant_types: ['password'] })
  const asked = { grant_type: 'password', username: email, password: PASSWORD }
  const failed = 'Failed to set session metadata: '
  expect(await scene.oauth.token(app, asked)).toMatchObject(denial(`${failed}Cannot set metadata on a session that does not exist.`))
  const table = {
    'deleteMetadata("x")': '',
    'evictMetadata()': '',
    "setCookieMode('persistent')": '',
    "setMetadata('bad key', 'x')": `${failed}Invalid metadata: Metadata keys may only include letters, numbers, underscores, or hyphens`,
    'setCookieMode()': 'Cookie mode must be provided',
    "setCookieMode('x')": "Invalid cookie mode: x. Valid values are 'persistent' and 'non-persistent'.",
    'revoke(1)': 'message must be string',
    "revoke('x', { nonsense: 1 })": 'options must NOT have additional properties',
    "revoke('x', { preserveRefreshTokens: 1 })": 'preserveRefreshTokens must be boolean',
  }
  expect(await scene.thrown(aLogin(), Object.keys(table), 'session')).toEqual(Object.values(table))
  await scene.use(
    `if (event.request.method === 'POST') { api.session.setMetadata('x', '1'); api.user.setUserMetadata('kept', 1); api.session.revoke('out', { preserveRefreshTokens: true }) }
     api.session.setMetadata("d","1"); api.idToken.setCustomClaim('m', event.session.metadata)`,
  )
  const outcome = await scene.allowed(aLogin())
  expect(replayMetadata({}, outcome.session.operations)).toEqual({ d: '1' })
  expect(outcome.claims.idToken).toEqual({ m: { d: '1' } })
  expect(await scene.denied(aLogin({ request: { ...aLogin().request, method: 'POST' } }))).toMatchObject({
    why: 'session-revoked',
    description: 'out',
    revokeSession: { preserveRefreshTokens: true },
    session: { operations: [] },
    user: { user_metadata: { kept: 1 } },
  })
})

test('an exchange tells of the person as they are now', async () => {
  await scene.use(`api.idToken.setCustomClaim('https://x/reset', event.user.last_password_reset ?? 'none')`)
  const change = (userId: string) => scene.service.api('PATCH', `users/${encodeURIComponent(userId)}`, { password: PASSWORD })
  const { answer, who, email, userId } = await scene.login({ scope: 'openid online_access' }, change)
  const { last_password_reset } = (await scene.service.api('GET', `users/${encodeURIComponent(userId)}`)).body
  expect(last_password_reset).toEqual(expect.any(String))
  for (const tokens of [await scene.redeem(answer), await scene.redeem(await scene.enter(who, email))]) {
    expect(identity(tokens)['https://x/reset']).toBe(last_password_reset)
    expect(identity(await scene.refresh(tokens.body.refresh_token))['https://x/reset']).toBe(last_password_reset)
  }
  expect(identity(await scene.refresh((await scene.holder()).refreshToken))['https://x/reset']).toBe('none')
})

test('C21: a handler is an async function of an exported object', async () => {
  const signature = `Invalid function signature for the "onExecutePostLogin" handler. Use "exports.onExecutePostLogin = async function(event, api) { }" as the signature.`
  await scene.use('exports.onExecutePostLogin = (e,a)=>{}')
  expect((await scene.login()).answer).toEqual(refusal(signature))
  for (const [code, message] of [
    ['exports.onExecuteOther = async () => {}', signature],
    ['exports.x = 1; module.exports = null', 'The Action must export an object.'],
    ['exports.x = 1; module.exports = () => {}', 'The Action must export an object.'],
    [`exports.x = 1; throw new Error('at load')`, 'at load'],
  ] as const) {
    await scene.use(code)
    // Remembered, and thrown again.
    for (let n = 0; n < 2; n++) expect((await scene.denied(aLogin())).description).toBe(message)
  }
})

test('C22: the state of a module lives as long as its version', async () => {
  const [action] = await scene.use(`let n=0; exports.onExecutePostLogin=async(event,api)=>{ n++; api.idToken.setCustomClaim("https://x/n",n)}`)
  const { answer, who, email } = await scene.login()
  const count = async (told: Record<string, string>): Promise<unknown> => identity(await scene.redeem(told))['https://x/n']
  const counts = [await count(answer), await count(await scene.enter(who, email)), await count(await scene.enter(who, email))]
  expect((await scene.service.api('POST', `actions/actions/${action!.id}/deploy`)).status).toBe(200)
  expect([...counts, await count(await scene.enter(who, email))]).toEqual([1, 2, 3, 1])
})

test('C23: a second factor that is asked for is the flow’s to see to, before anything is issued', async () => {
  await scene.use(`if (event.transaction.protocol!=="oauth2-refresh-token") api.multifactor.enable("any")`)
  const held = await scene.holder()
  const { status, body } = await scene.refresh(held.refreshToken)
  expect(status).toBe(200)
  // There are no factors here that could be passed, so a login cannot go on.
  expect((await scene.login()).answer).toEqual(refusal('Multifactor authentication required'))
  await scene.use(`api.multifactor.enable("any"); api.refreshToken.setMetadata("x","1")`)
  const successor = { ...held, refreshToken: body.refresh_token }
  expect(await scene.refused(successor)).toEqual({ status: 403, body: { error: 'mfa_required', error_description: 'Multifactor authentication required' } })
  expect((await scene.record(held.id)).refresh_token_metadata).toEqual({})
  const { details } = await scene.entry('mfar', held.userId)
  expect(details.actions.executions).toEqual((await scene.entry('fertft', held.userId)).details.actions.executions)
  expect(await scene.allowed(aLogin())).toMatchObject({ multifactor: 'required', refreshToken: { operations: [{ op: 'set', key: 'x', value: '1' }] } })
  await scene.use(`api.multifactor.enable("any")`, `api.multifactor.enable("none")`)
  expect((await scene.allowed(aLogin())).multifactor).toBe('none')
  expect(await scene.thrown(aLogin(), ['multifactor.enable("nonsense")'])).toEqual(['provider must be equal to one of the allowed values'])
})

describe('C24: an online refresh token', () => {
  const online = { scope: 'openid online_access' }

  test('takes a revocation, which ends the whole session', async () => {
    await scene.use(`if(event.refresh_token?.access==="online") api.refreshToken.revoke("bye")`)
    const { answer, who, email } = await scene.login(online)
    const one = await scene.redeem(answer)
    const two = await scene.redeem(await scene.enter(who, email, online))
    const sid = identity(one)['sid'] as string
    expect(identity(two)['sid']).toBe(sid)
    expect(await scene.refresh(one.body.refresh_token)).toMatchObject(denial('bye'))
    expect((await scene.service.api('GET', `sessions/${sid}`)).status).toBe(404)
    const revoked = { details: { session_id: sid, refresh_token: { access: 'online', session_id: sid } } }
    expect(await scene.entry('srrt', identity(one)['sub'] as string)).toMatchObject(revoked)
    for (const { body } of [one, two]) expect(await scene.refresh(body.refresh_token)).toMatchObject({ status: 403, body: { error: 'invalid_grant' } })
    expect((await scene.refresh((await scene.holder()).refreshToken)).status).toBe(200)
  })

  test('takes nothing else', async () => {
    await scene.use(`if(event.refresh_token) api.refreshToken.setMetadata("a","b")`)
    const { body } = await scene.redeem((await scene.login(online)).answer)
    const text = (method: string): string => `Cannot call ${method} on an online refresh token.`
    expect(await scene.refresh(body.refresh_token)).toMatchObject(denial(`Failed to set refresh token metadata: ${text('setMetadata')}`))
    const table = {
      'deleteMetadata("a")': text('deleteMetadata'),
      'evictMetadata()': text('evictMetadata'),
      'setExpiresAt(1)': text('setExpiresAt'),
      'setIdleExpiresAt(1)': text('setIdleExpiresAt'),
    }
    expect(await scene.thrown(anExchange({}, {}, { online: true }), Object.keys(table), 'refreshToken')).toEqual(Object.values(table))
  })

  test('brings its session’s information into the tokens, by the sample', async () => {
    await scene.use(sample('online-token-check'))
    const event = anExchange({}, {}, { online: true })
    const outcome = await scene.allowed({ ...event, session: { ...event.session!, metadata: { importantInformation: 'x' } } })
    expect(outcome.claims).toEqual({ accessToken: { info: 'x' }, idToken: { info: 'x' } })
    expect((await scene.execution(outcome.execution.id!)).results[0].logs).toBe('Exchanging Online Refresh Token bound to Session ID:  session-1')
    expect((await scene.allowed(anExchange())).claims).toEqual({ accessToken: {}, idToken: {} })
  })
})
