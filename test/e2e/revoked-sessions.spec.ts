import { jest } from '@jest/globals'
import type { ClientDocument } from '../../src/authorization/index.js'
import { CatchUp } from '../../src/event-store/catch-up.js'
import { EndSession } from '../../src/sessions/index.js'
import { RevokeRefreshTokens } from '../../src/tokens/index.js'
import { EndLogins } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { type LoggedIn, logIn, PKCE, redeemCode } from '../support/logins.js'
import { OAuthScene, ROTATING } from '../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl } from '../support/people.js'
import { recorded } from '../support/recorded.js'
import { stalled } from '../support/stalled.js'
import { answerOf } from '../support/visitor.js'

/* What ends with a session, when somebody is let in by it or the process dies while that happens. */
let service: TestApp
let client: ClientDocument
let audience: string
beforeAll(async () => {
  service = await startApp()
  client = await aClient(service, { refresh_token: ROTATING })
  audience = await anApi(service)
})
afterAll(() => service.close())

interface Owner extends LoggedIn {
  readonly userId: string
}
const owner = async (): Promise<Owner> => {
  const person = await aPerson(service)
  return { ...(await logIn(service, client, person, audience)), userId: person.userId }
}
const refreshes = async (refreshToken: string): Promise<boolean> => (await new OAuthScene(service).refresh(client, refreshToken)).status === 200

/** The refresh token of a silent login, if one was let in. */
async function silently({ who }: Owner): Promise<() => Promise<string | undefined>> {
  const page = await who.get(authorizeUrl(client, { prompt: 'none', scope: 'openid offline_access read:plants', audience, ...PKCE }))
  const { code } = answerOf(page)
  return async () => (code === undefined ? undefined : (await redeemCode(service, client, code)).body.refresh_token)
}

const revoke = ({ sessionId }: Owner) => service.api('POST', `sessions/${sessionId}/revoke`)
const revokeAccess = ({ userId }: Owner, body: object) => service.api('POST', `users/${encodeURIComponent(userId)}/revoke-access`, body)
const WAYS: [string, (of: Owner) => Promise<{ status: number }>][] = [
  ['POST /sessions/{id}/revoke', revoke],
  ['revoke-access of a session', (of) => revokeAccess(of, { session_id: of.sessionId })],
  ['revoke-access', (of) => revokeAccess(of, {})],
]

describe.each(WAYS)('%s', (_, end) => {
  /** Between its two steps, whichever comes first. */
  function between(work: () => Promise<void>): void {
    const execute = service.commands.execute.bind(service.commands)
    const spy = jest.spyOn(service.commands, 'execute').mockImplementation(async (command) => {
      const isStep = [EndSession, EndLogins, RevokeRefreshTokens].some((step) => command instanceof step)
      if (isStep) spy.mockRestore()
      const result: unknown = await execute(command)
      if (isStep) await work()
      return result
    })
  }

  it('leaves nothing of a silent login that came while it was under way', async () => {
    const of = await owner()
    let late: (() => Promise<string | undefined>) | undefined
    between(async () => {
      late = await silently(of)
    })
    expect((await end(of)).status).toBe(202)
    const token = await late!()
    expect(token !== undefined && (await refreshes(token))).toBe(false)
    expect(await refreshes(of.refreshToken)).toBe(false)
  })

  it('leaves nothing of a silent login whose code is still out', async () => {
    const of = await owner()
    const late = await silently(of)
    expect((await end(of)).status).toBe(202)
    expect(await refreshes((await late())!)).toBe(false)
  })
})

describe('a session whose revocation a process began that died', () => {
  const begin = async (): Promise<Owner> => {
    const of = await owner()
    const { sessionId, userId } = of
    expect(await service.commands.execute(new EndSession(sessionId, 'revoked', { userId }, { endsRefreshTokens: true }))).toBe('ended')
    return of
  }
  const marks = async ({ sessionId }: Owner): Promise<number> =>
    (await recorded(service, 'RefreshTokensRevoked')).filter(({ data }) => (data['scope'] as { sessionId?: string }).sessionId === sessionId).length

  it('loses its refresh tokens to the background', async () => {
    const of = await begin()
    await eventually(async () => (await marks(of)) === 1)
    expect(await refreshes(of.refreshToken)).toBe(false)
  })

  it('loses them to whoever repeats the request, before the answer', async () => {
    const of = await stalled(service, async () => {
      const begun = await begin()
      expect((await revoke(begun)).status).toBe(404)
      expect(await refreshes(begun.refreshToken)).toBe(false)
      return begun
    })
    expect([await service.app.get(CatchUp).caughtUp('session_revoked', 60_000), await marks(of)]).toEqual([true, 1])
  })

  it('loses them to the background where it was one session of the user, too', async () => {
    const of = await owner()
    const execute = service.commands.execute.bind(service.commands)
    const spy = jest.spyOn(service.commands, 'execute').mockImplementation((command) => {
      if (command instanceof RevokeRefreshTokens) throw new Error('the process dies here')
      return execute(command)
    })
    await stalled(service, async () => {
      expect((await revokeAccess(of, { session_id: of.sessionId })).status).toBe(500)
      spy.mockRestore()
    })
    await eventually(async () => (await marks(of)) === 1)
    expect(await refreshes(of.refreshToken)).toBe(false)
  })

  it('keeps them where it was only ended', async () => {
    const of = await owner()
    expect((await service.api('DELETE', `sessions/${of.sessionId}`)).status).toBe(202)
    expect((await revoke(of)).status).toBe(404)
    expect(await refreshes(of.refreshToken)).toBe(true)
  })
})

describe('all access of a user, whose revocation a process began that died', () => {
  const marks = async ({ userId }: Owner): Promise<number> =>
    (await recorded(service, 'RefreshTokensRevoked')).filter(({ data }) => (data['scope'] as { userId?: string }).userId === userId).length

  it('takes their refresh tokens along in the background, once', async () => {
    const of = await owner()
    await service.commands.execute(new EndLogins(of.userId, {}, { endsRefreshTokens: true }))
    await eventually(async () => (await marks(of)) === 1)
    expect(await refreshes(of.refreshToken)).toBe(false)
    const other = await owner()
    expect((await revokeAccess(other, {})).status).toBe(202)
    expect([await service.app.get(CatchUp).caughtUp('user_deleted', 60_000), await marks(other)]).toEqual([true, 1])
  })

  it('keeps those of who logs in again meanwhile', async () => {
    const person = await aPerson(service)
    const { refreshToken } = await stalled(service, async () => {
      await logIn(service, client, person, audience)
      await service.commands.execute(new EndLogins(person.userId, {}, { endsRefreshTokens: true }))
      return logIn(service, client, person, audience)
    })
    expect(await service.app.get(CatchUp).caughtUp('user_deleted', 60_000)).toBe(true)
    expect(await refreshes(refreshToken)).toBe(true)
  })

  it('stays with preserve_refresh_tokens', async () => {
    const of = await owner()
    expect((await revokeAccess(of, { preserve_refresh_tokens: true })).status).toBe(202)
    expect([await service.app.get(CatchUp).caughtUp('user_deleted', 60_000), await marks(of)]).toEqual([true, 0])
    expect(await refreshes(of.refreshToken)).toBe(true)
  })
})
