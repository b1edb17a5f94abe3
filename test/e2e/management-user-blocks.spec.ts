import { CheckPassword, type CheckedPassword, FindConnection } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { aPerson, DIRECTORY, PASSWORD } from '../support/people.js'

let service: TestApp
let connectionId: string
beforeAll(async () => {
  service = await startApp()
  connectionId = (await service.queries.execute(new FindConnection(DIRECTORY)))!.id
})
afterAll(() => service.close())

const attempt = (identifier: string, password: string, address = '203.0.113.7'): Promise<CheckedPassword> =>
  service.commands.execute(new CheckPassword({ connectionId, identifier, password, address }))
async function close(identifier: string, address?: string): Promise<void> {
  for (let n = 0; n < 10; n++) await attempt(identifier, 'wrong', address)
  expect(await attempt(identifier, PASSWORD, address)).toEqual({ kind: 'locked' })
}
const blocks = async (at: string): Promise<unknown> => {
  const { status, body } = await service.api('GET', at)
  return [status, body]
}
const by = (identifier: string): string => `user-blocks?identifier=${encodeURIComponent(identifier)}`

describe('an account that wrong passwords have closed', () => {
  it('is told of and opened by the user’s id, for every address', async () => {
    const { userId, email } = await aPerson(service)
    const at = `user-blocks/${encodeURIComponent(userId)}`
    expect(await blocks(at)).toEqual([200, { blocked_for: [] }])
    await close(email)
    await close(email, '203.0.113.8')
    expect(await blocks(at)).toEqual([200, { blocked_for: [{ identifier: email, connection: DIRECTORY }] }])
    expect((await service.api('DELETE', at)).status).toBe(204)
    expect(await blocks(at)).toEqual([200, { blocked_for: [] }])
    for (const address of ['203.0.113.7', '203.0.113.8']) expect(await attempt(email, PASSWORD, address)).toMatchObject({ kind: 'right' })
    expect((await service.api('DELETE', at)).status).toBe(204)
    // Of two goes the one that opened it; and not that of others.
    const { body: told } = await service.api('GET', `logs?q=${encodeURIComponent(`type:ublkdu AND user_id:"${userId}"`)}`)
    expect(told).toMatchObject([{ type: 'ublkdu', user_id: userId, user_name: email, connection: DIRECTORY, strategy: 'auth0', details: { email } }])
  })

  it('is told of and opened by what people type, also where nobody has it, and no other is', async () => {
    const { email } = await aPerson(service)
    const nobody = 'nobody@example.com'
    for (const identifier of [email, nobody]) await close(identifier)
    expect(await blocks(by(email.toUpperCase()))).toEqual([200, { blocked_for: [{ identifier: email.toUpperCase(), connection: DIRECTORY }] }])
    expect((await service.api('DELETE', by(email))).status).toBe(204)
    expect(await attempt(email, PASSWORD)).toMatchObject({ kind: 'right' })
    expect(await blocks(by(nobody))).toEqual([200, { blocked_for: [{ identifier: nobody, connection: DIRECTORY }] }])
    expect((await service.api('DELETE', by(nobody))).status).toBe(204)
    expect(await blocks(by(nobody))).toEqual([200, { blocked_for: [] }])
    const { body: told } = await service.api('GET', `logs?q=${encodeURIComponent(`type:ublkdu AND user_name:"${nobody}"`)}`)
    expect(told).toMatchObject([{ user_name: nobody, connection: DIRECTORY, details: { email: nobody } }])
  })

  it('opens with a new password that an operator sets', async () => {
    const { userId, email } = await aPerson(service)
    await close(email)
    await service.api('PATCH', `users/${encodeURIComponent(userId)}`, { password: 'Another-Horse-2' })
    expect(await attempt(email, 'Another-Horse-2')).toMatchObject({ kind: 'right', userId })
    expect((await service.api('GET', `logs?q=${encodeURIComponent(`type:ublkdu AND user_id:"${userId}"`)}`)).body).toHaveLength(1)
  })

  it('must be named', async () => {
    expect(await service.api('GET', 'user-blocks')).toMatchObject({ status: 400, body: { errorCode: 'invalid_query_string' } })
    expect(await service.api('GET', 'user-blocks/auth0|nobody')).toMatchObject({ status: 404, body: { errorCode: 'inexistent_user' } })
    expect(await service.api('DELETE', 'user-blocks/auth0|nobody')).toMatchObject({ status: 404 })
  })

  it('is closed as the tenant’s protection says', async () => {
    const protect = async (body: object): Promise<void> =>
      expect((await service.api('PATCH', 'attack-protection/brute-force-protection', body)).status).toBe(200)
    const { email } = await aPerson(service)
    const kinds = async (times: number, address: string): Promise<string[]> => {
      const found: string[] = []
      for (let n = 0; n < times; n++) found.push((await attempt(email, 'wrong', address)).kind)
      return found
    }
    await protect({ max_attempts: 2, mode: 'count_per_identifier' })
    expect([...(await kinds(1, '203.0.113.1')), ...(await kinds(2, '203.0.113.2'))]).toEqual(['wrong', 'wrong', 'locked'])
    expect(await blocks(by(email))).toMatchObject([200, { blocked_for: [{ identifier: email }] }])
    await protect({ allowlist: ['203.0.113.0/30'] })
    expect(await attempt(email, PASSWORD, '203.0.113.3')).toMatchObject({ kind: 'right' })
    expect(await kinds(1, '198.51.100.1')).toEqual(['locked'])
    await protect({ enabled: false })
    expect(await blocks(by(email))).toEqual([200, { blocked_for: [] }])
    expect(await attempt(email, PASSWORD, '198.51.100.1')).toMatchObject({ kind: 'right' })
  })
})
