import { aLogin, anExchange } from '../../support/actions.js'
import { Conformance, denial, NOTHING } from '../../support/conformance.js'

/* The conformance cases of spec/actions.md §10 in which an Action refuses, fails, takes too long, or shortens what is issued. */

const HOUR = 3_600_000
const DAY = 24 * HOUR

let scene: Conformance
beforeAll(async () => (scene = await Conformance.start({ ACTIONS_TIMEOUT_MS: '1500', ACTIONS_POOL_SIZE: '2' })))
afterAll(() => scene.service.close())

/** Both ends of a refresh token, in milliseconds from then on. */
async function endsOf(id: string, from: number): Promise<{ absolute: number; idle: number }> {
  const { expires_at, idle_expires_at } = await scene.record(id)
  return { absolute: Date.parse(expires_at) - from, idle: Date.parse(idle_expires_at) - from }
}
/** Within what the test itself may have taken. */
const about = (wanted: number, found: number): void => {
  expect(found).toBeGreaterThanOrEqual(wanted)
  expect(found).toBeLessThan(wanted + 60_000)
}

test('C10: a denial keeps what was set of the user, stops later Actions, and touches no refresh token', async () => {
  await scene.use(`api.user.setUserMetadata("seen",true); api.access.deny("nope")`, `api.user.setUserMetadata("a2",1)`)
  const held = await scene.holder()
  expect(await scene.refused(held)).toEqual(denial('nope'))
  expect(await scene.userMetadata(held.userId)).toEqual({ seen: true })
  const { results, status } = await scene.executionOf('fertft', held.userId)
  expect({ status, names: results.length }).toEqual({ status: 'final', names: 1 })

  await scene.use(
    `if (event.refresh_token) api.validation.error("code-1", "not like this");
     else { api.session.setCookieMode("non-persistent"); api.access.deny("nope"); api.access.deny("again"); api.user.setAppMetadata("after", 1) }`,
  )
  const another = await scene.holder()
  expect(await scene.refused(another)).toEqual(denial('not like this'))
  expect((await scene.entry('fertft', another.userId)).details.error).toMatchObject({
    message: 'not like this',
    payload: { code: 'code-1' },
    oauthError: 'access_denied',
  })
  expect(await scene.denied(anExchange())).toMatchObject({ why: 'validation', description: 'not like this', code: 'code-1', error: 'access_denied' })
  expect(await scene.denied(aLogin())).toMatchObject({
    why: 'denied',
    description: 'nope',
    session: { operations: [], cookieMode: 'non-persistent' },
    user: { app_metadata: { after: 1 } },
  })
})

test('what is set of a user has its limit', async () => {
  for (const [method, message] of [
    ['setUserMetadata', 'User metadata exceeds the maximum size.'],
    ['setAppMetadata', 'App metadata exceeds the maximum size.'],
  ]) {
    await scene.use(`for (const name of ['a', 'b']) api.user.${method}(name, 'x'.repeat(17_000))`)
    const held = await scene.holder()
    expect(await scene.refused(held)).toEqual(denial(message!))
    expect(await scene.userMetadata(held.userId)).toEqual({})
  }
})

test('C11: a throw discards everything, of earlier Actions too', async () => {
  const [, second] = await scene.use(`api.user.setUserMetadata("seen2",true)`, `throw new Error("boom")`)
  const { answer, userId, who } = await scene.login()
  expect(answer).toEqual({ error: 'access_denied', error_description: 'boom', state: 'some state' })
  expect(await scene.userMetadata(userId)).toEqual({})
  const [sessionId] = who.cookies.get('auth0')!.split('.')
  expect(await scene.service.api('GET', `sessions/${sessionId}`)).toMatchObject({ status: 200, body: { user_id: userId } })
  expect(await scene.entry('actions_execution_failed', userId)).toMatchObject({ details: { action_name: second!.name, error_class: 'action_error' } })
  expect(await scene.denied(aLogin())).toMatchObject({ description: 'boom', ...NOTHING })
})

test('C12: an Action that takes too long is stopped; meanwhile and afterwards others log in', async () => {
  const [slow, other] = [scene.client, await scene.otherClient()]
  for (const body of ['await new Promise(()=>{})', 'while(true){}']) {
    await scene.use(`if (event.client.client_id === '${slow.client_id}') { ${body} } api.idToken.setCustomClaim('fine', 1)`)
    const held = await scene.holder()
    const [refused, { answer }] = await Promise.all([scene.refused(held), scene.login({}, undefined, other)])
    expect(refused).toEqual(denial('The execution of an Action timed out.'))
    expect((await scene.redeem(answer, other)).status).toBe(200)
    expect(await scene.entry('actions_execution_failed', held.userId)).toMatchObject({ details: { error_class: 'action_timeout' } })
    expect((await scene.refresh((await scene.holder(undefined, other)).refreshToken, other)).status).toBe(200)
    expect(await scene.denied(anExchange({}, { client: { client_id: slow.client_id, name: 'Slow', metadata: {} } }))).toMatchObject({
      why: 'action_timeout',
      ...NOTHING,
    })
  }
})

test('C13: an Action revokes the refresh token of an exchange, and of nothing else', async () => {
  await scene.use(`if(event.refresh_token) api.refreshToken.revoke("Invalid IP change")`)
  const { userId, id, refreshToken } = await scene.holder()
  expect(await scene.refresh(refreshToken)).toMatchObject(denial('Invalid IP change'))
  expect(await scene.refresh(refreshToken)).toMatchObject({ status: 403, body: { error: 'invalid_grant' } })
  expect(await scene.entry('srrt', userId)).toMatchObject({ details: { credential_id: id, session_id: 'session-1' } })
  expect(await scene.entry('fertft', userId)).toMatchObject({ user_id: userId })

  await scene.use(`api.refreshToken.revoke("Invalid IP change"); api.user.setUserMetadata('kept', 1)`, `api.user.setUserMetadata('later', 1)`)
  const refused = { why: 'refresh-token-revoked', description: 'Invalid IP change', user: { user_metadata: { kept: 1 } } }
  expect(await scene.denied(anExchange())).toMatchObject({ ...refused, revokeRefreshToken: true })
  // Where there is none, the flow ends all the same.
  expect(await scene.denied(aLogin())).toMatchObject({ ...refused, revokeRefreshToken: false })
  expect(await scene.thrown(anExchange(), ['refreshToken.revoke(undefined)', `refreshToken.revoke('x'.repeat(1025))`])).toEqual([
    'message must be string',
    'message must NOT have more than 1024 characters',
  ])
})

test('C14: an end that is set only comes earlier, and asking for a later one is told', async () => {
  await scene.use(`api.refreshToken.setExpiresAt(Date.now()+60000)`)
  const before = Date.now()
  const { answer, userId } = await scene.login()
  const { body } = await scene.redeem(answer)
  const { id, expires_at } = await scene.recordOf(userId)
  about(60_000, Date.parse(expires_at) - before)
  await scene.use(`api.refreshToken.setExpiresAt(Date.now()+ 90*86400e3)`)
  expect((await scene.refresh(body.refresh_token)).status).toBe(200)
  expect((await scene.record(id)).expires_at).toBe(expires_at)
  expect((await scene.entry('w', userId)).description).toMatch(`as the absolute end of refresh token ${id}; it is ${expires_at}.`)
})

test('C15: an idle end holds until the next exchange', async () => {
  await scene.use(`if(!event.refresh_token) api.refreshToken.setIdleExpiresAt(Date.now()+3600e3)`)
  const loggedInAt = Date.now()
  const { answer, userId } = await scene.login()
  const { body } = await scene.redeem(answer)
  const { id } = await scene.recordOf(userId)
  about(HOUR, (await endsOf(id, loggedInAt)).idle)
  const refreshedAt = Date.now()
  await scene.refresh(body.refresh_token)
  about(15 * DAY, (await endsOf(id, refreshedAt)).idle)
  about(30 * DAY, (await endsOf(id, loggedInAt)).absolute)
})

test('C14, C15: the earliest of all calls counts, for each end, and a session must be there', async () => {
  const at = Date.parse('2030-01-01T00:00:00.000Z')
  await scene.use(
    `api.refreshToken.setExpiresAt(${at}); api.refreshToken.setExpiresAt(${at + 5}); api.refreshToken.setIdleExpiresAt(${at})
     api.session.setExpiresAt(${at}); api.session.setIdleExpiresAt(${at - 1})`,
    `api.refreshToken.setIdleExpiresAt(${at - 7})`,
  )
  expect(await scene.allowed(aLogin())).toMatchObject({
    refreshToken: { operations: [], expiresAt: at, idleExpiresAt: at - 7 },
    session: { operations: [], expiresAt: at, idleExpiresAt: at - 1 },
  })
  expect(await scene.allowed(anExchange())).toMatchObject({
    session: { operations: [] },
    warnings: expect.arrayContaining(['There is no session whose expiry could be set.']),
  })
})

test('C16: an expiry is a finite number', async () => {
  const held = await scene.holder()
  const wrong = 'absolute must be number'
  const missing = 'Either inactivity or absolute expiration time must be provided'
  await scene.use(`api.refreshToken.setExpiresAt(String(Date.now()))`)
  expect(await scene.refused(held)).toEqual(denial(wrong))
  await scene.use(`api.refreshToken.setExpiresAt(0)`)
  expect(await scene.refused(held)).toEqual(denial(missing))
  const table = {
    'refreshToken.setExpiresAt(new Date())': wrong,
    'refreshToken.setExpiresAt(Infinity)': wrong,
    'refreshToken.setExpiresAt(NaN)': missing,
    'refreshToken.setIdleExpiresAt("1")': 'inactivity must be number',
    'refreshToken.setIdleExpiresAt()': missing,
    'session.setExpiresAt([])': wrong,
    'session.setIdleExpiresAt(null)': missing,
  }
  expect(await scene.thrown(anExchange(), Object.keys(table))).toEqual(Object.values(table))
})
