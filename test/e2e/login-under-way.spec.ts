import { jest } from '@jest/globals'
import type { ClientDocument } from '../../src/authorization/index.js'
import { ReauthenticateSessionHandler } from '../../src/sessions/commands/reauthenticate-session.js'
import { StartSessionHandler } from '../../src/sessions/commands/start-session.js'
import { TouchSessionHandler } from '../../src/sessions/commands/touch-session.js'
import { FindAccountHandler } from '../../src/users/queries/find-account.js'
import { startApp, type TestApp } from '../support/app.js'
import { recorded } from '../support/recorded.js'
import { aClient, aPerson, authorizeUrl, DIRECTORY, PASSWORD } from '../support/people.js'
import { answerOf, type Page, Visitor } from '../support/visitor.js'

let service: TestApp
let client: ClientDocument
beforeAll(async () => {
  service = await startApp()
  client = await aClient(service)
})
afterAll(() => service.close())

type Person = Awaited<ReturnType<typeof aPerson>>
const pathOf = ({ userId }: Person): string => `users/${encodeURIComponent(userId)}`
const remove = (person: Person): Promise<unknown> => service.api('DELETE', pathOf(person))
const newPassword = (person: Person): Promise<unknown> => service.api('PATCH', pathOf(person), { password: 'Another-Horse-1' })

const ENDS: [string, (person: Person) => Promise<unknown>][] = [
  ['a new password', newPassword],
  ['a block', (person) => service.api('PATCH', pathOf(person), { blocked: true })],
  ['deletion', remove],
  [
    'somebody else who bears the id',
    async (person) => {
      await remove(person)
      const successor = { user_id: person.userId.slice('auth0|'.length), email: `next-${person.email}`, password: 'Another-Horse-1' }
      expect((await service.api('POST', 'users', { ...successor, connection: DIRECTORY })).status).toBe(201)
    },
  ],
]

describe('a login whose person changes between the look at the password and the session', () => {
  const logIn = async ({ email }: Person, who = new Visitor(service.url)): Promise<Page> =>
    who.submit(await who.get(authorizeUrl(client, { prompt: 'login' })), { username: email, password: PASSWORD, action: 'default' })
  const sessionsOf = async ({ userId }: Person): Promise<number> =>
    (await recorded(service, 'SessionStarted')).filter(({ data }) => data['userId'] === userId).length
  const REFUSED = [400, 'Wrong email or password.']

  it.each(ENDS)('begins none: %s', async (_, end) => {
    const person = await aPerson(service)
    const start = service.app.get(StartSessionHandler, { strict: false })
    const execute = start.execute.bind(start)
    const spy = jest.spyOn(start, 'execute').mockImplementation(async (command) => {
      spy.mockRestore()
      await end(person)
      return execute(command)
    })
    const { status, alert } = await logIn(person)
    expect([status, alert]).toEqual(REFUSED)
    expect(await sessionsOf(person)).toBe(0)
  })

  it('begins none where it happens in the very last moment', async () => {
    const person = await aPerson(service)
    const accounts = service.app.get(FindAccountHandler, { strict: false })
    const execute = accounts.execute.bind(accounts)
    let looks = 0
    const spy = jest.spyOn(accounts, 'execute').mockImplementation(async (query) => {
      const account = await execute(query)
      if (++looks === 2) await newPassword(person)
      return account
    })
    const { status, alert } = await logIn(person).finally(() => spy.mockRestore())
    expect([status, alert]).toEqual(REFUSED)
    expect(await sessionsOf(person)).toBe(0)
  })

  it('goes on with none that the browser has', async () => {
    const person = await aPerson(service)
    const who = new Visitor(service.url)
    await logIn(person, who)
    const again = service.app.get(ReauthenticateSessionHandler, { strict: false })
    const execute = again.execute.bind(again)
    const spy = jest.spyOn(again, 'execute').mockImplementation(async (command) => {
      spy.mockRestore()
      await newPassword(person)
      return execute(command)
    })
    const { status, alert } = await logIn(person, who)
    expect([status, alert]).toEqual(REFUSED)
    expect(await sessionsOf(person)).toBe(1)
  })
})

describe('a cookie from before a login', () => {
  it('brings none from after it, though it was good a moment ago', async () => {
    const person = await aPerson(service)
    const [who, thief] = [new Visitor(service.url), new Visitor(service.url)]
    const enter = async (): Promise<Page> =>
      who.submit(await who.get(authorizeUrl(client, { prompt: 'login' })), { username: person.email, password: PASSWORD, action: 'default' })
    await enter()
    thief.cookies.set('auth0', who.cookies.get('auth0')!)
    const touch = service.app.get(TouchSessionHandler, { strict: false })
    const execute = touch.execute.bind(touch)
    const spy = jest.spyOn(touch, 'execute').mockImplementation(async (command) => {
      spy.mockRestore()
      await enter()
      return execute(command)
    })
    const silently = async (visitor: Visitor): Promise<Record<string, string>> => answerOf(await visitor.get(authorizeUrl(client, { prompt: 'none' })))
    await silently(thief)
    expect(thief.cookies.get('auth0')).not.toBe(who.cookies.get('auth0'))
    expect(await silently(thief)).toMatchObject({ error: 'login_required' })
    expect(await silently(who)).toMatchObject({ code: expect.any(String) })
  })
})
