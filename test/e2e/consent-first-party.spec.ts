import { ChangeClient, type ClientDocument } from '../../src/authorization/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { PKCE } from '../support/logins.js'
import { aClient, anApi, aPerson, authorizeUrl, CALLBACK, PASSWORD } from '../support/people.js'
import { answerOf, type Page, Visitor } from '../support/visitor.js'

const SPARES = { skip_consent_for_verifiable_first_party_clients: true }
const LOOPBACK = 'http://127.0.0.1:4711/callback'
const SCHEME = 'com.example.garden:/callback'
const REQUIRED = { error: 'consent_required', error_description: 'Consent required', state: 'some state' }

let service: TestApp
let asking: string
let sparing: string
beforeAll(async () => {
  service = await startApp({ CONSENT_FIRST_PARTY: 'ask' })
  asking = await anApi(service)
  sparing = await anApi(service, SPARES)
})
afterAll(() => service.close())

const aFirstParty = (members: Partial<ClientDocument> = {}): Promise<ClientDocument> =>
  aClient(service, { app_type: 'native', callbacks: [CALLBACK, LOOPBACK, SCHEME], ...members })
const asks = ({ html }: Page): boolean => html.includes('value="accept"')

/** Somebody with a session, and what they see of a request. */
async function somebody(client: ClientDocument): Promise<{ who: Visitor; want: (more?: Record<string, string>) => Promise<Page> }> {
  const { email } = await aPerson(service)
  const who = new Visitor(service.url)
  const want = (more: Record<string, string> = {}): Promise<Page> => who.get(authorizeUrl(client, { scope: 'openid read:plants', ...PKCE, ...more }))
  await who.submit(await want(), { username: email, password: PASSWORD })
  return { who, want }
}

describe("consent to a client of the tenant's own, where the operator wants it asked for", () => {
  it('is asked for at an API that does not spare it, and remembered for what was accepted', async () => {
    const { who, want } = await somebody(await aFirstParty())
    expect(answerOf(await want({ audience: asking, prompt: 'none' }))).toEqual(REQUIRED)
    const page = await want({ audience: asking })
    expect(asks(page)).toBe(true)
    expect(answerOf(await who.submit(page, { action: 'deny' }))).toMatchObject({ error: 'access_denied', state: 'some state' })
    expect(answerOf(await who.submit(await want({ audience: asking }), { action: 'accept' }))).toMatchObject({ code: expect.any(String) })
    expect(answerOf(await want({ audience: asking, prompt: 'none' }))).toMatchObject({ code: expect.any(String) })
    expect(answerOf(await want({ audience: asking, prompt: 'none', scope: 'openid water:plants' }))).toEqual(REQUIRED)
    expect(asks(await want({ audience: asking, prompt: 'consent' }))).toBe(true)
  })

  it('is asked for right after the password', async () => {
    const { email } = await aPerson(service)
    const who = new Visitor(service.url)
    const page = await who.get(authorizeUrl(await aFirstParty(), { audience: asking, ...PKCE }))
    expect(asks(await who.submit(page, { username: email, password: PASSWORD }))).toBe(true)
  })

  it('is not asked for at an API that spares it, nor without an API', async () => {
    const { want } = await somebody(await aFirstParty())
    for (const more of [{ audience: sparing }, { audience: sparing, scope: 'openid water:plants' }, { scope: 'openid email' }]) {
      expect(answerOf(await want({ ...more, prompt: 'none' }))).toMatchObject({ code: expect.any(String) })
    }
    expect(asks(await want({ audience: sparing, prompt: 'consent' }))).toBe(true)
  })

  it.each([LOOPBACK, SCHEME])('is asked for where any program may answer, until the client need not: %s', async (redirect_uri) => {
    const client = await aFirstParty()
    const { want } = await somebody(client)
    const silently = (audience: string): Promise<Page> => want({ redirect_uri, scope: 'openid phone', prompt: 'none', audience })
    for (const audience of ['', sparing]) expect(answerOf(await silently(audience))).toEqual(REQUIRED)
    await service.commands.execute(new ChangeClient(client.client_id, { skip_non_verifiable_callback_uri_confirmation_prompt: true }, {}))
    for (const audience of ['', sparing]) expect(answerOf(await silently(audience))).toMatchObject({ code: expect.any(String) })
    expect(answerOf(await silently(asking))).toEqual(REQUIRED)
  })
})
