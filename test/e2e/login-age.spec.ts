import { startApp, type TestApp } from '../support/app.js'
import { type Clock, databaseWithClock } from '../support/clock.js'
import { aClient, aPerson, authorizeUrl, DIRECTORY, PASSWORD } from '../support/people.js'
import { answerOf, type Page, Visitor } from '../support/visitor.js'

let service: TestApp
let clock: Clock
beforeAll(async () => {
  const moved = await databaseWithClock()
  clock = moved.clock
  service = await startApp({}, undefined, moved.databaseUrl)
})
afterAll(() => service.close())

const logInOn = (who: Visitor, page: Page, { email }: { readonly email: string }): Promise<Page> =>
  who.submit(page, { username: email, password: PASSWORD, action: 'default' })

describe('max_age, on a page that stays open for longer', () => {
  const max_age = '100'

  it('has the person log in anew who chooses the account of an earlier login', async () => {
    const client = await aClient(service)
    const person = await aPerson(service)
    const who = new Visitor(service.url)
    await logInOn(who, await who.get(authorizeUrl(client)), person)
    const choice = await who.get(authorizeUrl(client, { prompt: 'select_account', max_age }))
    expect(choice.html).toContain('Continue as ')
    await clock.move(101)
    const again = await who.submit(choice, { action: 'accept' })
    expect(again.html).toContain('name="password"')
    expect(answerOf(await logInOn(who, again, person))).toMatchObject({ code: expect.any(String) })
  })

  it('is met by a login that was made for the request', async () => {
    const client = await aClient(service, { organization_usage: 'allow', organization_require_behavior: 'post_login_prompt' })
    const person = await aPerson(service)
    const { id: connection_id } = (await service.api('GET', `connections?name=${DIRECTORY}`)).body[0]
    const { body: organization } = await service.api('POST', 'organizations', { name: 'gardeners', enabled_connections: [{ connection_id }] })
    await service.api('POST', `organizations/${organization.id}/members`, { members: [person.userId] })
    const who = new Visitor(service.url)
    const picker = await logInOn(who, await who.get(authorizeUrl(client, { max_age })), person)
    await clock.move(101)
    expect(answerOf(await who.submit(picker, { organization: organization.id }))).toMatchObject({ code: expect.any(String) })
  })
})
