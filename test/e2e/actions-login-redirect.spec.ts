import { createHmac } from 'node:crypto'
import { ActionLogins, only } from '../support/action-logins.js'
import type { ActionsScene } from '../support/actions.js'
import type { TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { anotherWorker, claimsOf } from '../support/oauth.js'
import { aClient, aPerson, DIRECTORY } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { answerOf, Visitor } from '../support/visitor.js'

let logins: ActionLogins
let service: TestApp
let scene: ActionsScene
beforeAll(async () => {
  logins = await ActionLogins.start()
  ;({ service, scene } = logins)
})
afterAll(() => service.close())

const token = (payload: object, secret = 'shared'): string => {
  const input = [{ alg: 'HS256', typ: 'JWT' }, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

describe('a login that an Action sends elsewhere', () => {
  const action = `
    exports.onExecutePostLogin = async (event, api) => {
      api.user.setUserMetadata('sent', true); api.transaction.setMetadata('kept', 'x'); api.idToken.setCustomClaim('first', event.transaction.id)
      const session_token = api.redirect.encodeToken({ secret: 'shared', payload: { for: 'terms' } })
      api.redirect.sendUserTo('https://terms.example/accept?lang=de', { query: { session_token } })
    }
    exports.onContinuePostLogin = async (event, api) => {
      const { query, body, method } = event.request
      if ((body.answer ?? query.answer) === 'no') return api.access.deny('You must accept the terms.')
      const proof = query.proof ? api.redirect.validateToken({ secret: 'shared', tokenParameterName: 'proof' }).said : undefined
      api.authentication.recordMethod('https://terms.example/')
      api.idToken.setCustomClaim('back', { method, query: Object.keys(query).sort(), body, proof, kept: event.transaction.metadata.kept, same: event.transaction.id })
    }`
  const afterwards = `api.idToken.setCustomClaim('after', [event.user.user_metadata.sent, event.authentication.methods.map(({ name }) => name)])`

  async function sentAway(more: Record<string, string> = {}): Promise<Awaited<ReturnType<typeof logins.firstLogin>> & { readonly state: string }> {
    const login = await logins.firstLogin(more)
    const { location } = login.page
    expect(location?.origin).toBe('https://terms.example')
    return { ...login, state: location!.searchParams.get('state')! }
  }

  it('goes on where it was when the browser is back, once', async () => {
    await scene.use(action, afterwards)
    const { who, person, page, sessionId, state } = await sentAway()
    expect(page.location!.searchParams.get('lang')).toBe('de')
    expect(claimsOf(page.location!.searchParams.get('session_token')!)).toMatchObject({ sub: person.userId, iss: 'localhost', for: 'terms' })
    expect(await logins.userMetadata(person.userId)).toEqual({ sent: true })
    const proof = token({ state, sub: person.userId, said: 'yes' })
    const back = `/continue?${new URLSearchParams({ state, proof }).toString()}`
    const stranger = await logins.visitor().get(back)
    expect({ status: stranger.status, alert: stranger.alert }).toMatchObject({ status: 400, alert: expect.stringContaining('invalid_request') })
    const done = await who.get(back)
    const { idToken } = (await logins.decisionsOf(done)).claims
    expect(idToken).toMatchObject({
      back: { method: 'GET', query: ['proof', 'state'], body: {}, proof: 'yes', kept: 'x', same: idToken['first'] },
      after: [true, ['pwd', 'https://terms.example/']],
    })
    expect(answerOf(done)['state']).toBe('some state')
    expect((await logins.session(sessionId))!.methods.map(({ name }) => name)).toEqual(['pwd', 'https://terms.example/'])
    const again = await who.get(back)
    expect({ status: again.status, alert: again.alert }).toMatchObject({ status: 400, alert: expect.stringContaining('invalid_request') })
    const [entry, ...others] = only(await logins.logsOf(person.userId, 's'), 's', 'f')
    expect(others).toEqual([])
    const execution = await eventually(async () => {
      const { body } = await service.api('GET', `actions/executions/${entry.details.actions.executions[0]}`)
      return body.status === 'final' && body
    })
    expect(execution.results).toHaveLength(3)
  })

  it('leaves nothing in clear, and nothing for anybody else', async () => {
    await scene.use(action)
    const { who, person, state } = await sentAway()
    const { rows } = await service.pool.query<{ text: string }>('select s::text as text from suspended_logins s')
    expect(rows).toHaveLength(1)
    expect(rows[0]!.text).not.toMatch(new RegExp(`${state}|${person.email}|${person.userId.replace('|', '.')}|terms`))
    const other = await logins.firstLogin()
    expect((await other.who.get(`/continue?state=${state}`)).status).toBe(400)
    for (const path of [
      '/continue',
      '/continue?state=',
      '/continue?state=%00',
      `/continue?state=${'x'.repeat(43)}`,
      `/continue?state=${state}&state=${state}`,
    ]) {
      const page = await who.get(path)
      expect([path, page.status, page.alert]).toEqual([path, 400, expect.stringContaining('invalid_request')])
    }
    expect((await who.post('/continue', { state: 'x' })).status).toBe(400)
    await service.pool.query(`update suspended_logins set expires_at = now() - interval '1 second'`)
    expect((await who.get(`/continue?state=${state}`)).status).toBe(400)
  })

  it('sent in several times, to several workers, is answered once', async () => {
    await scene.use(action)
    const { who, person, state } = await sentAway()
    const other = await anotherWorker(service)
    try {
      const there = new Visitor(other.scene.service.url)
      for (const [name, value] of who.cookies) there.cookies.set(name, value)
      const pages = await Promise.all(Array.from({ length: 6 }, (_, n) => (n % 2 ? there : who).get(`/continue?state=${state}`)))
      expect(pages.map(({ status }) => status).sort()).toEqual([302, 400, 400, 400, 400, 400])
    } finally {
      await other.close()
    }
    const codes = (await recorded(service, 'AuthorizationCodeIssued')).filter(({ data }) => data['userId'] === person.userId)
    expect(codes).toHaveLength(1)
  })

  it('in two tabs is two', async () => {
    await scene.use(action)
    const { who, person, state } = await sentAway()
    const second = (await logins.enter(who, person.email, { state: 'second' })).location!.searchParams.get('state')!
    const answers = [await who.get(`/continue?state=${second}`), await who.get(`/continue?state=${state}`)].map(answerOf)
    expect(answers.map(({ state }) => state)).toEqual(['second', 'some state'])
    expect(answers.every((answer) => 'code' in answer)).toBe(true)
  })

  it('may come back by a form of the other site, with which no cookie comes', async () => {
    await scene.use(action)
    const { who, state } = await sentAway()
    const crossSite = await logins.visitor().post(`/continue?state=${state}`, { answer: '<yes>', state })
    expect(crossSite.status).toBe(200)
    const done = await who.submit(crossSite, {})
    expect((await logins.decisionsOf(done)).claims.idToken).toMatchObject({ back: { method: 'POST', query: ['state'], body: { answer: '<yes>' } } })
    const anotherTry = await logins.visitor().submit(crossSite, {})
    expect(anotherTry.status).toBe(400)
  })

  it('can be refused then', async () => {
    await scene.use(action)
    const { who, person, state } = await sentAway()
    expect(answerOf(await who.get(`/continue?state=${state}&answer=no`))).toMatchObject({
      error: 'access_denied',
      error_description: 'You must accept the terms.',
      state: 'some state',
    })
    expect(only(await logins.logsOf(person.userId, 'f'), 's', 'f')).toHaveLength(1)
  })

  it('reads everything anew: who was blocked, logged out or somebody else meanwhile does not go on', async () => {
    await scene.use(action)
    const blocked = await sentAway()
    await service.api('PATCH', `users/${encodeURIComponent(blocked.person.userId)}`, { blocked: true })
    expect((await blocked.who.get(`/continue?state=${blocked.state}`)).html).toContain('name="password"')
    const revoked = await sentAway()
    await service.api('DELETE', `sessions/${revoked.sessionId}`)
    expect((await revoked.who.get(`/continue?state=${revoked.state}`)).html).toContain('name="password"')
    const replaced = await sentAway()
    await logins.enter(replaced.who, (await aPerson(service)).email, { prompt: 'login' })
    expect((await replaced.who.get(`/continue?state=${replaced.state}`)).html).toContain('name="password"')
    const unbound = await sentAway()
    await scene.bind('post-login')
    expect(answerOf(await unbound.who.get(`/continue?state=${unbound.state}`))).toMatchObject({ error: 'server_error' })
  })
})

describe('consent', () => {
  it('comes before the Actions, and is not asked for again after a redirect', async () => {
    const stranger = await aClient(service, { is_first_party: false })
    const connection = (await service.api('GET', `connections?name=${DIRECTORY}`)).body[0]
    await service.api('PATCH', `connections/${connection.id}/clients`, [{ client_id: stranger.client_id, status: true }])
    await scene.use(`
      exports.onExecutePostLogin = async (event, api) => {
        api.user.setUserMetadata('ran', true)
        if (event.transaction.prompt.includes('consent')) api.redirect.sendUserTo('https://terms.example/')
      }
      exports.onContinuePostLogin = async () => {}`)
    const person = await aPerson(service)
    const who = logins.visitor()
    const asked = await logins.enter(who, person.email, {}, stranger)
    expect(asked.html).toContain('value="accept"')
    expect((await logins.userMetadata(person.userId)) ?? {}).toEqual({})
    expect(answerOf(await who.submit(asked, { action: 'accept' }))).toHaveProperty('code')
    expect(await logins.userMetadata(person.userId)).toEqual({ ran: true })
    const askedAgain = await logins.enter(who, person.email, { prompt: 'consent' }, stranger)
    const { location } = await who.submit(askedAgain, { action: 'accept' })
    expect(answerOf(await who.get(`/continue?state=${location!.searchParams.get('state')}`))).toHaveProperty('code')
  })
})
