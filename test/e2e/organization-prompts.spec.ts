import type { ClientDocument } from '../../src/authorization/index.js'
import type { TestApp } from '../support/app.js'
import { TEXTS } from '../support/hostile-values.js'
import { claims, organizationLogins, type OrganizationStage, organizationStage } from '../support/organization-logins.js'
import { aClient, aPerson, PASSWORD } from '../support/people.js'
import { answerOf, hiddenFields, type Page, Visitor } from '../support/visitor.js'

let stage: OrganizationStage
let service: TestApp
/** Clients that need an organization, and ask for it before or after the login. */
let before: ClientDocument
let after: ClientDocument
beforeAll(async () => {
  stage = await organizationStage()
  service = stage.service
  before = await aClient(service, { organization_usage: 'require', organization_require_behavior: 'pre_login_prompt' })
  after = await aClient(service, { organization_usage: 'require', organization_require_behavior: 'post_login_prompt' })
})
afterAll(() => service.close())

const { api, organizationOf, join, leave, ask, tokens } = organizationLogins(() => stage)

type Person = Awaited<ReturnType<typeof aPerson>>
const visitor = (): Visitor => new Visitor(service.url)
const logInOn = (who: Visitor, page: Page, { email }: Person): Promise<Page> => who.submit(page, { username: email, password: PASSWORD, action: 'default' })
const organizationIn = async (page: Page, of: ClientDocument): Promise<unknown> => claims((await tokens(page, of)).body.id_token).org_id
const choices = ({ html }: Page): string[] => [...html.matchAll(/name="organization" value="([^"]*)"/g)].map(([, id]) => id!)
const refusal = (page: Page): unknown[] => [answerOf(page)['error'], answerOf(page)['error_description']]

describe('a client that asks for the organization before the login', () => {
  it('gets tokens for the one that the person names', async () => {
    const person = await aPerson(service)
    const { id, name } = await organizationOf([person])
    const who = visitor()
    const page = await who.get(ask(undefined, {}, before))
    expect([page.status, page.html]).toEqual([200, expect.stringContaining('name="organization"')])
    expect(page.html).not.toContain('name="password"')
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    const login = await who.submit(page, { organization: ` ${name.toUpperCase()} `, action: 'default' })
    expect(login.html).toContain('name="password"')
    expect(await organizationIn(await logInOn(who, login, person), before)).toBe(id)
    // With the session that there is now, once the name is known.
    expect(await organizationIn(await who.submit(await who.get(ask(undefined, {}, before)), { organization: name }), before)).toBe(id)
  })

  it('says the same of an organization that there is none of, that is switched off or that is for other connections', async () => {
    const { body: elsewhere } = await api('POST', 'connections', { name: 'not-for-this-client', strategy: 'auth0' })
    const off = await organizationOf([], { is_enabled: false })
    const other = await organizationOf([], { connection_id: elsewhere.id })
    const who = visitor()
    const page = await who.get(ask(undefined, {}, before))
    const pages = []
    for (const organization of ['no-such-organization', off.name, other.name]) {
      const again = await who.submit(page, { organization })
      pages.push([again.status, again.alert, again.html.replaceAll(organization, '').replace(/value="v1[^"]*"|name="transaction" value="[^"]*"/, '')])
    }
    expect(pages[0]).toEqual([400, 'You cannot log in to an organization of this name here.', expect.stringContaining('aria-invalid="true"')])
    expect(pages[1]).toEqual(pages[0])
    expect(pages[2]).toEqual(pages[0])
    const empty = await who.submit(page, { organization: ' ' })
    expect([empty.status, empty.alert]).toEqual([400, 'Please enter the name of your organization.'])
  })

  it('gets nobody who is no member, and nothing without an organization', async () => {
    const person = await aPerson(service)
    const { id, name } = await organizationOf()
    const who = visitor()
    const page = await who.get(ask(undefined, {}, before))
    const login = await who.submit(page, { organization: name })
    expect(refusal(await logInOn(who, login, person))).toEqual(['access_denied', `user ${person.userId} is not part of the ${id} organization`])
    for (const path of ['/u/login', '/u/signup']) {
      const fields = { username: person.email, email: `new-${person.email}`, password: PASSWORD }
      const passedOver = await who.post(path, { ...hiddenFields(page), ...fields, action: 'default' })
      expect(passedOver.location === undefined ? passedOver.html : refusal(passedOver)[1]).toMatch(/organization is required|name="username"/)
    }
    expect((await api('GET', `users-by-email?email=new-${person.email}`)).body).toEqual([])
    expect((await who.submit(page, { action: 'decline' })).status).toBe(400)
  })
})

describe('a client that asks for the organization after the login', () => {
  it('gets tokens for the one that the person picks of theirs', async () => {
    const person = await aPerson(service)
    const first = await organizationOf([person], {}, { display_name: 'A & B <Ltd.>' })
    const second = await organizationOf([person])
    await organizationOf()
    await organizationOf([person], { is_enabled: false })
    const who = visitor()
    const picker = await logInOn(who, await who.get(ask(undefined, {}, after)), person)
    expect([picker.status, choices(picker)]).toEqual([200, [first.id, second.id]])
    expect(picker.html).toContain('>A &amp; B &lt;Ltd.&gt;</button>')
    expect(picker.html).not.toContain('value="decline"')
    expect(await organizationIn(await who.submit(picker, { organization: second.id }), after)).toBe(second.id)
    // Two tabs with one session, and a page that was used before.
    const tab = await who.get(ask(undefined, {}, after))
    expect(choices(tab)).toEqual([first.id, second.id])
    expect(await organizationIn(await who.submit(picker, { organization: first.id }), after)).toBe(first.id)
    expect(await organizationIn(await who.submit(tab, { organization: second.id }), after)).toBe(second.id)
  })

  it('asks once more after a login that had to be made anew, for it alone', async () => {
    const person = await aPerson(service)
    const ids = [(await organizationOf([person])).id, (await organizationOf([person])).id] as const
    const who = visitor()
    await logInOn(who, await who.get(ask(undefined, {}, after)), person)
    for (const parameters of [{ prompt: 'login' }, { max_age: '0' }, { prompt: 'select_account login' }] as Record<string, string>[]) {
      const login = await who.get(ask(undefined, parameters, after))
      expect(login.html).toContain('name="password"')
      const picker = await logInOn(who, login, person)
      expect(await organizationIn(await who.submit(picker, { organization: ids[0] }), after)).toBe(ids[0])
    }
    const consent = await who.submit(await who.get(ask(undefined, { prompt: 'consent' }, after)), { organization: ids[1] })
    expect(await organizationIn(await who.submit(consent, { action: 'accept' }), after)).toBe(ids[1])
    const account = await who.get(ask(undefined, { prompt: 'select_account' }, after))
    const picker = await who.submit(account, { action: 'accept' })
    expect(await organizationIn(await who.submit(picker, { organization: ids[1] }), after)).toBe(ids[1])
  })

  it('asks nobody who has only one, and refuses who has none', async () => {
    const person = await aPerson(service)
    const { id } = await organizationOf([person])
    const who = visitor()
    expect(await organizationIn(await logInOn(who, await who.get(ask(undefined, {}, after)), person), after)).toBe(id)
    expect(await organizationIn(await who.get(ask(undefined, { prompt: 'none' }, after)), after)).toBe(id)
    const consent = await who.get(ask(undefined, { prompt: 'consent' }, after))
    expect(await organizationIn(await who.submit(consent, { action: 'accept' }), after)).toBe(id)
    const none = visitor()
    const form = await none.get(ask(undefined, {}, after))
    expect(form.html).not.toContain('u/signup')
    const refused = ['access_denied', 'client requires organization membership, but user does not belong to any organization']
    expect(refusal(await logInOn(none, form, await aPerson(service)))).toEqual(refused)
    expect([...none.cookies.keys()].filter((name) => name.startsWith('auth0'))).toEqual([])
  })

  it('takes no other choice than what is on the page, from nobody else, and looks again who belongs there', async () => {
    const person = await aPerson(service)
    const [mine, left] = [await organizationOf([person]), await organizationOf([person])]
    const foreign = await organizationOf()
    const who = visitor()
    const login = await who.get(ask(undefined, {}, after))
    const picker = await logInOn(who, login, person)
    await leave(left.id, person)
    for (const { id } of [left, foreign]) {
      expect(refusal(await who.submit(picker, { organization: id }))).toEqual(['access_denied', `user ${person.userId} is not part of the ${id} organization`])
    }
    const open = await organizationOf([], { assign_membership_on_login: true })
    for (const organization of [...TEXTS, 'org_0000000000000000', '', mine.name, open.name]) {
      const page = await who.submit(picker, { organization })
      expect([page.status, page.alert]).toEqual([400, expect.stringContaining('invalid_request')])
    }
    expect((await who.submit(picker, { action: 'decline' })).status).toBe(400)
    expect((await who.post('/u/organization-picker', { ...hiddenFields(login), organization: mine.id })).status).toBe(400)
    const other = visitor()
    await other.get(ask(undefined, {}, after))
    expect((await other.submit(picker, { organization: mine.id })).status).toBe(400)
    // Somebody else has logged in to the browser since.
    const somebody = await aPerson(service)
    await join(mine.id, somebody)
    await logInOn(who, login, somebody)
    expect((await who.submit(picker, { organization: mine.id })).html).toContain('name="password"')
  })
})

it('a client that may do without lets people go on in their own name', async () => {
  const person = await aPerson(service)
  const { id, name } = await organizationOf([person])
  for (const [organization_require_behavior, organization] of [
    ['pre_login_prompt', name],
    ['post_login_prompt', id],
  ] as const) {
    const client = await aClient(service, { organization_usage: 'allow', organization_require_behavior })
    const logsInAt = async (page: Page, who: Visitor): Promise<Page> => (page.html.includes('name="password"') ? logInOn(who, page, person) : page)
    for (const [fields, expected] of [
      [{ organization }, id],
      [{ action: 'decline' }, undefined],
    ] as const) {
      const who = visitor()
      const page = await logsInAt(await who.get(ask(undefined, {}, client)), who)
      expect(await organizationIn(await logsInAt(await who.submit(page, fields), who), client)).toBe(expected)
    }
    const consenting = visitor()
    const page = await logsInAt(await consenting.get(ask(undefined, { prompt: 'consent' }, client)), consenting)
    const consent = await logsInAt(await consenting.submit(page, { action: 'decline' }), consenting)
    expect(await organizationIn(await consenting.submit(consent, { action: 'accept' }), client)).toBeUndefined()
    const nobody = visitor()
    const alone = await nobody.get(ask(undefined, {}, client))
    const login = organization === name ? await nobody.submit(alone, { action: 'decline' }) : alone
    expect(await organizationIn(await logInOn(nobody, login, await aPerson(service)), client)).toBeUndefined()
  }
})

describe('prompt=none', () => {
  it('shows no page, and says what is missing', async () => {
    const person = await aPerson(service)
    const { id } = await organizationOf([person])
    await organizationOf([person])
    const who = visitor()
    for (const client of [before, after]) {
      expect(refusal(await who.get(ask(undefined, { prompt: 'none' }, client)))).toEqual(['login_required', 'Login required'])
    }
    await logInOn(who, await who.get(ask(undefined, {}, after)), person)
    for (const client of [before, after]) {
      expect(refusal(await who.get(ask(undefined, { prompt: 'none' }, client)))).toEqual(['interaction_required', 'Interaction required'])
      expect(await organizationIn(await who.get(ask(id, { prompt: 'none' }, client)), client)).toBe(id)
    }
  })

  it('and clients that ask for nothing are refused as ever', async () => {
    const client = await aClient(service, { organization_usage: 'require', organization_require_behavior: 'no_prompt' })
    expect(refusal(await visitor().get(ask(undefined, {}, client)))).toEqual(['invalid_request', 'parameter organization is required for this client'])
  })
})
