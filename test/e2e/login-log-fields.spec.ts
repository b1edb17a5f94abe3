import type { Json } from '../support/app.js'
import { notPartOf, organizationLogins, type OrganizationStage, organizationStage } from '../support/organization-logins.js'
import { aClient, aPerson, authorizeUrl, CALLBACK, DIRECTORY, PASSWORD } from '../support/people.js'
import { answerOf, Visitor } from '../support/visitor.js'

/* What the log's rows about logins, and of what comes of them, say beside whose they are (spec/logs.md §2.2). */

interface Row {
  readonly type: string
  readonly organization_id?: string
  readonly details: object
}

let stage: OrganizationStage
beforeAll(async () => {
  stage = await organizationStage()
})
afterAll(() => stage.service.close())

const { api, organizationOf, leave, ask, login, tokens } = organizationLogins(() => stage)

/** The rows that a search finds, oldest first. */
const rows = async (q: string): Promise<Row[]> => (await api('GET', `logs?q=${encodeURIComponent(q)}&sort=log_id:1`)).body as Row[]

describe('a login to an organization', () => {
  it('names it, whether it succeeds, fails or is answered from the session', async () => {
    const person = await aPerson(stage.service)
    const { id, name } = await organizationOf([person])
    const who = new Visitor(stage.service.url)
    for (const password of ['wrong', PASSWORD]) await who.submit(await who.get(ask(id)), { username: person.email, password, action: 'default' })
    await login(id, person, who, { prompt: 'none' })
    const found = await rows(`user_id:"${person.userId}" AND type:(fp OR s OR ssa)`)
    const named = { organization_id: id, organization_name: name, connection: DIRECTORY }
    expect(found).toMatchObject(['fp', 's', 'ssa'].map((type) => ({ type, ...named })))
    expect(await rows(`organization_name:${name} AND type:(fp OR s OR ssa)`)).toEqual(found)
  })

  it('names it when its refresh token is refused, since the person has left', async () => {
    const person = await aPerson(stage.service)
    const { id, name } = await organizationOf([person])
    const { refresh_token: refreshToken } = (await tokens(await login(id, person))).body
    await leave(id, person)
    expect((await stage.scene.refresh(stage.client, refreshToken)).status).toBe(403)
    const named = { organization_id: id, organization_name: name, connection: DIRECTORY }
    expect(await rows(`user_id:"${person.userId}" AND type:fertft`)).toMatchObject([named])
  })

  it('names it where it begins with a sign-up', async () => {
    const { id } = await organizationOf([], { is_signup_enabled: true, assign_membership_on_login: true })
    const who = new Visitor(stage.service.url)
    const page = await who.get(ask(id, { screen_hint: 'signup' }))
    expect(answerOf(await who.submit(page, { email: 'new@example.com', password: PASSWORD, action: 'default' }))).toHaveProperty('code')
    expect((await rows(`organization_id:${id} AND type:(ss OR s)`)).map(({ type }) => type)).toEqual(['ss', 's'])
  })
})

it('a login tells when and how somebody proved who they are, and how often they did, also where they had to again', async () => {
  const person = await aPerson(stage.service)
  const app = await aClient(stage.service)
  const who = new Visitor(stage.service.url)
  for (const prompt of ['login', 'login']) {
    await who.submit(await who.get(authorizeUrl(app, { prompt })), { username: person.email, password: PASSWORD, action: 'default' })
  }
  expect(answerOf(await who.get(authorizeUrl(app, { prompt: 'none' })))).toHaveProperty('code')
  const found = await rows(`user_id:"${person.userId}" AND type:(s OR ssa)`)
  const [first] = found as Json[]
  const completedAt = first.date as string
  const prompts = { name: 'prompt-authenticate', connection: DIRECTORY, user_id: person.userId, identity: person.userId.slice('auth0|'.length) }
  expect(first.details).toEqual({
    session_id: expect.any(String),
    session: { cookie: { mode: 'persistent' } },
    prompts: [{ ...prompts, completedAt, performed_amr: ['pwd'] }],
    stats: { loginsCount: 1 },
    completedAt,
  })
  expect(found).toMatchObject([{ type: 's' }, { type: 's', details: { prompts: [prompts], stats: { loginsCount: 2 } } }, { type: 'ssa' }])
  expect(found[2]!.details).not.toHaveProperty('prompts')
})

it('a sign-up tells the form, with the address and without the password, whether it succeeds or not', async () => {
  const app = await aClient(stage.service)
  const who = new Visitor(stage.service.url)
  const sent = async (email: string): Promise<unknown> =>
    who.submit(await who.get(authorizeUrl(app, { screen_hint: 'signup', prompt: 'login' })), { email, password: PASSWORD, action: 'default' })
  const taken = await aPerson(stage.service)
  for (const email of [taken.email, 'not an address@', 'new.one@example.com']) await sent(email)
  const { user_id } = (await api('GET', 'users-by-email?email=new.one@example.com')).body[0]
  const body = { password: '*****', connection: DIRECTORY, client_id: app.client_id }
  const told = await rows(`client_id:${app.client_id} AND type:(fs OR ss)`)
  expect(told).toMatchObject([
    { type: 'fs', user_id: '', user_name: taken.email, details: { body: { ...body, email: taken.email } } },
    { type: 'fs', user_id: '', user_name: 'not an address@', details: { body: { ...body, email: 'not an address@' } } },
    { type: 'ss', user_id, details: { body: { ...body, email: 'new.one@example.com', user_id } } },
  ])
  expect(JSON.stringify(told)).not.toContain(PASSWORD)
  const stored = await stage.service.pool.query(`select from events where data::text || metadata::text like '%' || $1 || '%'`, [taken.email])
  expect(stored.rowCount).toBe(0)

  await api('DELETE', `users/${encodeURIComponent(taken.userId)}`)
  expect((await rows(`client_id:${app.client_id} AND type:fs`))[0]).toMatchObject({ user_name: '', details: { body: { ...body, email: '' } } })
})

it('a deleted user is told with the connection that the account was in', async () => {
  const { userId } = await aPerson(stage.service)
  await api('DELETE', `users/${encodeURIComponent(userId)}`)
  expect(await rows(`user_id:"${userId}" AND type:sdu`)).toMatchObject([
    { connection: DIRECTORY, strategy: 'auth0', details: { body: { connection: DIRECTORY } } },
  ])
})

describe('an authorization request that is refused', () => {
  const SECRET = 'a-value-that-nobody-may-read'

  it('tells what was asked for, and of a wrong callback which it was and which there are', async () => {
    const app = await aClient(stage.service)
    const who = new Visitor(stage.service.url)
    const sent = { login_hint: 'ada@example.com', id_token_hint: SECRET, state: SECRET, invitation: SECRET, 'ext-x': SECRET }
    await who.get(authorizeUrl(app, { ...sent, redirect_uri: `https://u:${SECRET}@app.example/other/ada@example.com?x=${SECRET}` }))
    await who.get(authorizeUrl(app, { ...sent, audience: 'https://nobody.example/' }))
    const hidden = Object.fromEntries(Object.keys(sent).map((name) => [name, 'REDACTED']))
    const qs = { client_id: app.client_id, response_type: 'code', scope: 'openid profile email', ...hidden }
    const client = { clientID: app.client_id }
    const mismatch = { name: 'CallbackMismatchError', code: 'unauthorized_client', attempt: 'https://app.example/other/*', authorized: app.callbacks, client }
    const told = await rows(`client_id:${app.client_id} AND type:f`)
    expect(told).toMatchObject([
      {
        details: {
          error: { type: 'callback-url-mismatch', oauthError: 'unauthorized_client', uri: '/authorize', payload: mismatch },
          qs: { ...qs, redirect_uri: 'https://app.example/other/*' },
        },
      },
      { details: { error: { type: 'request-error', payload: { client } }, qs: { ...qs, redirect_uri: CALLBACK, audience: 'https://nobody.example/' } } },
    ])
    expect(JSON.stringify(told)).not.toMatch(new RegExp(`${SECRET}|ada@`))
  })

  it('tells nothing of a person or a token where the refusal repeats what was sent', async () => {
    const app = await aClient(stage.service, { organization_usage: 'allow' })
    const who = new Visitor(stage.service.url)
    const token = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl'
    const refused: string[] = []
    for (const name of ['audience', 'response_type', 'response_mode', 'organization']) {
      for (const value of ['org_ada@example.com', token]) {
        await who.get(authorizeUrl(app, { [name]: value }))
        refused.push(name)
      }
    }
    await who.get(`${authorizeUrl(app)}&ada%40example.com=1&ada%40example.com=2`)
    const told = await rows(`client_id:${app.client_id} AND type:f`)
    expect(told).toHaveLength(refused.length + 1)
    expect(told[0]).toMatchObject({ description: 'Service not found: *' })
    const { rows: events } = await stage.service.pool.query(`select data from events where type = 'AuthorizeFailed'`)
    expect(JSON.stringify([told, events])).not.toMatch(/ada@|eyJ/)
  })

  it('is told where there is no such client, or none is named', async () => {
    const who = new Visitor(stage.service.url)
    const unknown = 'client-that-is-not-there'
    expect((await who.get(`/authorize?client_id=${unknown}&response_type=code`)).status).toBe(400)
    expect((await who.get('/authorize?response_type=code&prompt=nobody')).status).toBe(400)
    const error = { message: 'Unknown client', oauthError: 'invalid_request', type: 'request-error', payload: { client: { clientID: unknown } } }
    expect(await rows(`client_id:${unknown}`)).toMatchObject([{ type: 'f', details: { error, qs: { client_id: unknown, response_type: 'code' } } }])
    const nameless = await rows('description:"Missing required parameter: client_id"')
    expect(nameless).toMatchObject([{ type: 'f', client_id: '', details: { qs: { prompt: 'nobody' } } }])
  })

  it('tells what a person who is blocked came for, and in whose name somebody who does not belong to it', async () => {
    const [blocked, stranger] = [await aPerson(stage.service), await aPerson(stage.service)]
    const { id } = await organizationOf([blocked])
    await api('PATCH', `users/${encodeURIComponent(blocked.userId)}`, { blocked: true })
    for (const person of [blocked, stranger]) await login(id, person)
    const qs = { organization: id, audience: stage.audience }
    expect(await rows(`type:f AND organization_id:${id}`)).toMatchObject([
      { user_id: blocked.userId, details: { error: { message: 'user is blocked' }, qs } },
      { description: notPartOf(stranger, id), details: { qs } },
    ])
  })
})

it('a grant type that nobody has is told as the caller wrote it', async () => {
  const { client_id } = await aClient(stage.service)
  await stage.scene.form('oauth/token', { grant_type: 'urn:example:ada@example.com', client_id })
  await stage.scene.form('oauth/token', { grant_type: 'magic', client_id })
  const told = { type: 'f', description: 'Grant type not supported', user_id: '' }
  expect(await rows(`client_id:${client_id} AND type:f`)).toMatchObject(
    ['*', 'magic'].map((grant_type) => ({ ...told, details: { grant_type, error: { oauthError: 'unsupported_grant_type' } } })),
  )
})
