import { ActionsScene } from '../support/actions.js'
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

let moved = 0
/** Beyond what is asked for below. */
async function later(): Promise<void> {
  moved += 101
  await clock.move(101)
}
// When a request began the process says, by the clock that does not move.
afterEach(async () => {
  await clock.move(-moved)
  moved = 0
})

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
    await later()
    const again = await who.submit(choice, { action: 'accept' })
    expect(again.html).toContain('name="password"')
    expect(answerOf(await logInOn(who, again, person))).toMatchObject({ code: expect.any(String) })
  })

  it('has the person log in anew who consents after an earlier login', async () => {
    const client = await aClient(service)
    const person = await aPerson(service)
    const who = new Visitor(service.url)
    await logInOn(who, await who.get(authorizeUrl(client)), person)
    const consent = await who.get(authorizeUrl(client, { prompt: 'consent', max_age }))
    await later()
    const again = await who.submit(consent, { action: 'accept' })
    expect(again.html).toContain('name="password"')
    const anew = await logInOn(who, again, person)
    await later()
    expect(answerOf(await who.submit(anew, { action: 'accept' }))).toMatchObject({ code: expect.any(String) })
  })

  it('has the person log in anew who comes back from an Action after an earlier login', async () => {
    const client = await aClient(service)
    const person = await aPerson(service)
    const who = new Visitor(service.url)
    await logInOn(who, await who.get(authorizeUrl(client)), person)
    const scene = new ActionsScene(service)
    await scene.use(`
      exports.onExecutePostLogin = async (event, api) => api.redirect.sendUserTo('https://terms.example/')
      exports.onContinuePostLogin = async () => {}`)
    const back = ({ location }: Page): Promise<Page> => who.get(`/continue?state=${location!.searchParams.get('state')}`)
    const away = await who.get(authorizeUrl(client, { max_age }))
    await later()
    const again = await back(away)
    expect(again.html).toContain('name="password"')
    const anew = await logInOn(who, again, person)
    await later()
    expect(answerOf(await back(anew))).toMatchObject({ code: expect.any(String) })
    await scene.bind('post-login')
  })

  it('is met by a login that was made for the request', async () => {
    const client = await aClient(service, { organization_usage: 'allow', organization_require_behavior: 'post_login_prompt' })
    const person = await aPerson(service)
    const { id: connection_id } = (await service.api('GET', `connections?name=${DIRECTORY}`)).body[0]
    const { body: organization } = await service.api('POST', 'organizations', { name: 'gardeners', enabled_connections: [{ connection_id }] })
    await service.api('POST', `organizations/${organization.id}/members`, { members: [person.userId] })
    const who = new Visitor(service.url)
    const picker = await logInOn(who, await who.get(authorizeUrl(client, { max_age })), person)
    await later()
    expect(answerOf(await who.submit(picker, { organization: organization.id }))).toMatchObject({ code: expect.any(String) })
  })
})
