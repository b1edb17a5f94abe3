import { createHook } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import type { TestApp } from '../support/app.js'
import { PasswordLogins, WRONG } from '../support/password-logins.js'
import { aPerson, PASSWORD } from '../support/people.js'
import { recorded } from '../support/recorded.js'

/* Guessing at passwords through the token endpoint (spec/oauth.md §6.3, §1.3): counted with the login page's attempts, and telling nothing. */

let logins: PasswordLogins
let service: TestApp
beforeAll(async () => {
  logins = await PasswordLogins.start()
  ;({ service } = logins)
})
afterAll(() => service.close())

/** How often a password was hashed meanwhile: what a native library gives to the thread pool is async work without a name. */
async function hashesDuring(work: () => Promise<unknown>): Promise<number> {
  let hashes = 0
  const hook = createHook({ init: (_id, type) => void (type === 'undefined' && hashes++) }).enable()
  await work()
  hook.disable()
  return hashes
}

it('a wrong password is hashed also where nobody has the name, so that it takes as long', async () => {
  const { email } = await aPerson(service)
  const nobodys = (): Promise<void> => refused(`${randomUUID()}@example.com`)
  const refused = async (name: string): Promise<void> => expect(await logins.login({ email: name }, { password: 'wrong' })).toMatchObject(WRONG)
  // The first makes the hash that all of them are compared with.
  await nobodys()
  expect([await hashesDuring(() => refused(email)), await hashesDuring(nobodys)]).toEqual([1, 1])
})

describe('too many wrong passwords', () => {
  const from = (address: string) => ({ 'x-forwarded-for': address })
  const tooMany = { status: 429, body: { error: 'too_many_attempts', error_description: expect.stringContaining('too many attempts') } }

  it('count together with those of the login page, each way', async () => {
    const person = await aPerson(service)
    const address = '203.0.113.30'
    for (let n = 0; n < 5; n++) expect(await logins.login(person, { password: 'wrong' }, undefined, from(address))).toMatchObject(WRONG)
    for (let n = 0; n < 5; n++) expect((await logins.form(person, 'wrong', address)).status).toBe(400)
    const locked = await logins.login(person, {}, undefined, from(address))
    expect(locked).toMatchObject(tooMany)
    expect(locked.headers.get('retry-after')).toBe('900')
    expect((await logins.form(person, PASSWORD, address)).status).toBe(429)
    expect((await logins.login(person, {}, undefined, from('203.0.113.31'))).status).toBe(200)
    expect((await recorded(service, 'AccountLocked')).filter(({ metadata }) => metadata['userId'] === person.userId)).toHaveLength(1)
    expect((await service.api('DELETE', `user-blocks/${encodeURIComponent(person.userId)}`)).status).toBe(204)
    expect((await logins.login(person, {}, undefined, from(address))).status).toBe(200)
  })

  it('are as many where nobody has the name, however many come at once', async () => {
    const attempts = await Promise.all(Array.from({ length: 15 }, () => logins.login({ email: 'no.one@example.com' }, { password: 'wrong' })))
    expect(attempts.map(({ status }) => status).sort()).toEqual([...new Array<number>(10).fill(403), ...new Array<number>(5).fill(429)])
  })

  it('are those of a network of IPv6, where one machine has any number of addresses', async () => {
    const person = await aPerson(service)
    const attempt = (host: string, password?: string) =>
      logins.login(person, password === undefined ? {} : { password }, undefined, from(`2001:db8:1:2:${host}`))
    for (let n = 0; n < 10; n++) expect(await attempt(`3::${n + 1}`, 'wrong')).toMatchObject(WRONG)
    expect(await attempt('ffff::1')).toMatchObject(tooMany)
    expect((await logins.login(person, {}, undefined, from('2001:db8:1:3::1'))).status).toBe(200)
  })

  it('are forgotten with a right one', async () => {
    const person = await aPerson(service)
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 9; n++) await logins.login(person, { password: 'wrong' })
      expect((await logins.login(person)).status).toBe(200)
    }
  })

  it('are those of the person’s address, where a trusted server says it', async () => {
    const person = await aPerson(service)
    const trusted = await logins.other({ is_token_endpoint_ip_header_trusted: true })
    const native = await logins.other({ is_token_endpoint_ip_header_trusted: true, token_endpoint_auth_method: 'none', app_type: 'native' })
    const of = (address: string) => ({ ...from('203.0.113.40'), 'auth0-forwarded-for': address })
    for (let n = 0; n < 10; n++) await logins.login(person, { password: 'wrong' }, trusted, of('203.0.113.41'))
    expect(await logins.login(person, {}, trusted, of('203.0.113.41'))).toMatchObject(tooMany)
    expect(await logins.login(person, {}, undefined, from('203.0.113.41'))).toMatchObject(tooMany)
    expect((await logins.login(person, {}, trusted, of('203.0.113.42'))).status).toBe(200)
    expect(await logins.user(person.userId)).toMatchObject({ last_ip: '203.0.113.42' })
    // Of whom nobody trusts, and of what is no address, the sender's counts.
    for (const [client, address] of [
      [logins.client, '203.0.113.41'],
      [native, '203.0.113.41'],
      [trusted, 'nonsense'],
    ] as const) {
      expect((await logins.login(person, {}, client, of(address))).status).toBe(200)
      expect(await logins.user(person.userId)).toMatchObject({ last_ip: '203.0.113.40' })
    }
  })
})
