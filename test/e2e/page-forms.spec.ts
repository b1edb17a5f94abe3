import { organizationLogins, type OrganizationStage, organizationStage } from '../support/organization-logins.js'
import { aClient, aPerson, PASSWORD } from '../support/people.js'
import { hiddenFields, type Page, Visitor } from '../support/visitor.js'

let stage: OrganizationStage
beforeAll(async () => {
  stage = await organizationStage()
})
afterAll(() => stage.service.close())

const { organizationOf, ask } = organizationLogins(() => stage)

const MULTI_FACTOR = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor'

/** What each page asks somebody who is logged in, at which address it is answered, and with what. */
const ASKED = {
  account: ['Continue as ', '/u/account', { action: 'accept' }],
  consent: ['value="accept"', '/u/consent', { action: 'accept' }],
  organization: ['name="organization"', '/u/organization-picker', {}],
  logout: ['u/logout', '/u/logout', { action: 'accept' }],
} as const
type Question = keyof typeof ASKED

/** A browser in which somebody is logged in, and every page that may ask them something; each asks for a second factor as well, once answered. */
async function everyPage(): Promise<{ who: Visitor; pages: Record<Question, Page>; organization: string }> {
  const { service, client } = stage
  const person = await aPerson(service)
  const { id } = await organizationOf([person])
  await organizationOf([person])
  const picking = await aClient(service, { organization_usage: 'require', organization_require_behavior: 'post_login_prompt' })
  const who = new Visitor(service.url)
  await who.submit(await who.get(ask(undefined)), { username: person.email, password: PASSWORD })
  const account = await who.get(ask(undefined, { prompt: 'select_account', acr_values: MULTI_FACTOR }, client))
  const consent = await who.get(ask(undefined, { prompt: 'consent' }, client))
  const organization = await who.get(ask(undefined, { prompt: 'consent' }, picking))
  return { who, pages: { account, consent, organization, logout: await who.get('/oidc/logout') }, organization: id }
}

const answered = ({ location }: Page): boolean => location?.searchParams.has('code') ?? false

it('the form of a page answers no other page’s question', async () => {
  const { who, pages, organization } = await everyPage()
  for (const of of Object.keys(ASKED) as Question[]) {
    expect([of, pages[of].status, pages[of].html]).toEqual([of, 200, expect.stringContaining(ASKED[of][0])])
    for (const at of Object.keys(ASKED) as Question[]) {
      if (at === of) continue
      const page = await who.post(ASKED[at][1], { ...hiddenFields(pages[of]), ...ASKED[at][2], organization })
      expect([of, at, answered(page)]).toEqual([of, at, false])
      // Whoever is asked for the account is asked for what else the request needs.
      if (at !== 'account' || of === 'logout') expect([of, at, page.status]).toEqual([of, at, 400])
    }
  }
})

it('whoever picks an account or an organization is asked for what else the application wants', async () => {
  const { who, pages, organization } = await everyPage()
  const refused = await who.submit(pages.account, { action: 'accept' })
  expect(refused.location?.searchParams.get('error_description')).toBe('Multifactor authentication required')
  const consent = await who.submit(pages.organization, { organization })
  expect(consent.html).toContain(ASKED.consent[0])
  expect(answered(await who.submit(consent, { action: 'accept' }))).toBe(true)
  expect(answered(await who.submit(pages.consent, { action: 'accept' }))).toBe(true)
  expect((await who.submit(pages.logout, { action: 'accept' })).status).toBe(200)
  expect(answered(await who.submit(pages.consent, { action: 'accept' }))).toBe(false)
})
