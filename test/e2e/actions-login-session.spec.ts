import type { ClientDocument } from '../../src/authorization/index.js'
import { ActionLogins, only } from '../support/action-logins.js'
import type { ActionsScene } from '../support/actions.js'
import type { TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { redeemCode } from '../support/logins.js'
import { recorded } from '../support/recorded.js'
import { answerOf, Visitor } from '../support/visitor.js'

let logins: ActionLogins
let service: TestApp
let scene: ActionsScene
let client: ClientDocument
beforeAll(async () => {
  logins = await ActionLogins.start()
  ;({ service, scene, client } = logins)
})
afterAll(() => service.close())

describe('what an Action wants of the session', () => {
  it('metadata is kept sealed, seen at once and at the next login, and can be taken back', async () => {
    await scene.use(
      `api.session.setMetadata('device', 'Ada’s laptop'); api.session.setMetadata('count', String(Number(event.session.metadata?.count ?? 0) + 1))`,
      `api.idToken.setCustomClaim('seen', event.session.metadata)`,
    )
    const { who, person, page, sessionId } = await logins.firstLogin()
    expect((await logins.decisionsOf(page)).claims.idToken).toEqual({ seen: { device: 'Ada’s laptop', count: '1' } })
    expect((await logins.decisionsOf(await logins.enter(who, person.email))).claims.idToken).toEqual({ seen: { device: 'Ada’s laptop', count: '2' } })
    expect(await logins.shownSession(sessionId)).toMatchObject({ session_metadata: { device: 'Ada’s laptop', count: '2' } })
    const { rows } = await service.pool.query<{ text: string }>(`select state::text as text from streams where id = $1`, [`session-${sessionId}`])
    expect(rows[0]!.text).not.toContain('laptop')
    await scene.use(`api.session.evictMetadata(); api.session.setMetadata('left', '1')`)
    await logins.enter(who, person.email)
    expect(await logins.shownSession(sessionId)).toMatchObject({ session_metadata: { left: '1' } })
  })

  it('what several tabs want at once adds up', async () => {
    await scene.use()
    const { who, person, sessionId } = await logins.firstLogin()
    await scene.use(`api.session.setMetadata(event.request.query.state, '1')`)
    const tabs = Array.from({ length: 4 }, (_, n) => logins.enter(who, person.email, { state: `tab${n}` }))
    const answers = await Promise.all(tabs)
    expect(answers.every((page) => 'code' in answerOf(page))).toBe(true)
    expect(Object.keys((await logins.shownSession(sessionId)).session_metadata).sort()).toEqual(['tab0', 'tab1', 'tab2', 'tab3'])
  })

  it('its ends come nearer, the earliest counts, and beyond the tenant’s limit the log warns', async () => {
    await scene.use(
      `const at = Date.parse(event.session.authenticated_at); api.session.setExpiresAt(at + 7200e3); api.session.setIdleExpiresAt(at + 600e3)`,
      `api.session.setExpiresAt(Date.parse(event.session.authenticated_at) + 3600e3)`,
    )
    const { who, person, page, sessionId } = await logins.firstLogin()
    const { authenticatedAt, expiresAt, idleExpiresAt } = (await logins.session(sessionId))!
    expect(Date.parse(expiresAt) - Date.parse(authenticatedAt)).toBe(3600e3)
    expect(Date.parse(idleExpiresAt) - Date.parse(authenticatedAt)).toBe(600e3)
    expect(page.headers.getSetCookie().join()).toContain(`Expires=${new Date(expiresAt).toUTCString()}`)
    // The idle end was for this once; the other one stays.
    await scene.use(`api.session.setExpiresAt(Date.now() + 1e300)`)
    await logins.enter(who, person.email)
    const after = (await logins.session(sessionId))!
    expect(after.expiresAt).toBe(expiresAt)
    expect(after.idleExpiresAt).toBe(expiresAt)
    const [warning] = only(await logins.logsOf(person.userId, 'w'), 'w')
    expect(warning.description).toContain(sessionId)
    expect(warning.details).toMatchObject({ session_id: sessionId })
    await scene.use(`api.session.setExpiresAt(1)`)
    expect(answerOf(await logins.enter(who, person.email))).toHaveProperty('code')
    expect(await logins.session(sessionId)).toBeUndefined()
  })

  it('its device is the one of this login, also where the session answers', async () => {
    await scene.use(`api.idToken.setCustomClaim('device', event.session.device)`)
    const { who, person } = await logins.firstLogin()
    const other = new Visitor(service.url, (url, init) => fetch(url, { ...init, headers: { ...init?.headers, 'user-agent': 'Another Browser' } }))
    for (const [name, value] of who.cookies) other.cookies.set(name, value)
    for (const more of [{}, { prompt: 'login' }]) {
      const { claims } = await logins.decisionsOf(await logins.enter(other, person.email, more))
      expect(claims.idToken).toEqual({ device: expect.objectContaining({ last_user_agent: 'Another Browser' }) })
    }
  })

  it('its cookie is kept as it says, by later answers too', async () => {
    await scene.use(`api.session.setCookieMode('non-persistent'); api.idToken.setCustomClaim('mode', event.session.cookie.mode)`)
    const { who, person, page, sessionId } = await logins.firstLogin()
    expect(page.headers.getSetCookie().find((cookie) => cookie.startsWith('auth0='))).not.toContain('Expires')
    expect((await logins.decisionsOf(page)).claims.idToken).toEqual({ mode: 'non-persistent' })
    await scene.use(`api.idToken.setCustomClaim('mode', event.session.cookie.mode)`)
    const silent = await logins.enter(who, person.email, { prompt: 'none' })
    expect(silent.headers.getSetCookie().find((cookie) => cookie.startsWith('auth0='))).not.toContain('Expires')
    expect((await logins.decisionsOf(silent)).claims.idToken).toEqual({ mode: 'non-persistent' })
    expect(await logins.shownSession(sessionId)).toMatchObject({ cookie: { mode: 'non-persistent' } })
  })

  it('its end refuses the login, takes the cookie, and with it the refresh tokens unless they are to stay, and is told', async () => {
    const listening = { backchannel_logout_urls: ['https://rp.invalid/logout'], backchannel_logout_initiators: { mode: 'all' } }
    await service.api('PATCH', `clients/${client.client_id}`, { oidc_logout: listening })
    const revokedAfter = async (options: string) => {
      await scene.use()
      const { who, person, page, sessionId } = await logins.firstLogin()
      const { body } = await redeemCode(service, client, answerOf(page)['code']!)
      await scene.use(`api.user.setUserMetadata('revoked', 1); api.session.setMetadata('x', '1'); api.session.revoke('Go away'${options})`)
      const refused = await logins.enter(who, person.email)
      expect(answerOf(refused)).toEqual({ error: 'access_denied', error_description: 'Go away', state: 'some state' })
      expect(who.cookies.has('auth0')).toBe(false)
      expect(await logins.session(sessionId)).toBeUndefined()
      expect(await logins.userMetadata(person.userId)).toEqual({ revoked: 1 })
      await eventually(async () => {
        const { rows } = await service.pool.query('select initiator from logout_messages where session_id = $1', [sessionId])
        return rows[0]?.initiator === 'session-revoked'
      })
      const [revoked] = only(await logins.logsOf(person.userId, 'session_revoked'), 'session_revoked')
      expect(revoked.details).toMatchObject({ session_id: sessionId })
      expect(only(await logins.logsOf(person.userId, 'f'), 'f')).toHaveLength(1)
      await scene.use()
      return { person, refreshToken: body.refresh_token }
    }
    const exchange = async (refreshToken: string) => {
      const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: client.client_id, refresh_token: refreshToken })
      return (await fetch(`${service.url}oauth/token`, { method: 'POST', body: form })).status
    }
    const ended = await revokedAfter('')
    await eventually(async () => {
      const marks = await recorded(service, 'RefreshTokensRevoked')
      return marks.some(({ metadata }) => metadata['userId'] === ended.person.userId)
    })
    expect(await exchange(ended.refreshToken)).toBe(403)
    const kept = await revokedAfter(`, { preserveRefreshTokens: true }`)
    expect(await exchange(kept.refreshToken)).toBe(200)
    await service.api('PATCH', `clients/${client.client_id}`, { oidc_logout: null })
  })
})
