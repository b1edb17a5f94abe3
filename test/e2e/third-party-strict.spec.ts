import { type ClientDocument, CreateClientGrant, DeleteClientGrant } from '../../src/authorization/index.js'
import { FindConnection } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { authorize, PKCE, redeemCode } from '../support/logins.js'
import { OAuthScene, ROTATING } from '../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, DIRECTORY } from '../support/people.js'
import { answerOf, type Page, Visitor } from '../support/visitor.js'

const STRICT = { is_first_party: false, third_party_security_mode: 'strict' }
const NO_GRANT = 'You need to create a "client-grant" associated to this API.'

let service: TestApp
let scene: OAuthScene
let audience: string
let person: { userId: string; email: string }
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  audience = await anApi(service)
  person = await aPerson(service)
  const directory = await service.queries.execute(new FindConnection(DIRECTORY))
  await service.api('PATCH', `connections/${directory!.id}`, { is_domain_connection: true })
})
afterAll(() => service.close())

/** One that is told of errors where it asked for tokens. */
const aStrictClient = (members: Partial<ClientDocument> = {}): Promise<ClientDocument> =>
  aClient(service, { ...STRICT, redirection_policy: 'allow_always', refresh_token: ROTATING, ...members })
const grantId = ({ client_id }: ClientDocument): string => `cgr_${client_id}`
const grant = (client: ClientDocument, subject_type: 'user' | 'client' = 'user'): Promise<unknown> =>
  service.commands.execute(new CreateClientGrant({ id: grantId(client), client_id: client.client_id, audience, scope: ['read:plants'], subject_type }, {}))
const ask = (client: ClientDocument, more: Record<string, string> = {}): Promise<Page> =>
  new Visitor(service.url).get(authorizeUrl(client, { audience, scope: 'read:plants', ...PKCE, ...more }))

describe("somebody else's client in strict mode", () => {
  it('gets nothing at an API that it was not granted, whatever the API lets others do', async () => {
    const client = await aStrictClient()
    expect(answerOf(await ask(client))).toMatchObject({ error: 'unauthorized_client', error_description: expect.stringContaining(NO_GRANT) })
    expect((await ask(await aClient(service, { ...STRICT, third_party_security_mode: 'permissive' }))).status).toBe(200)
    await grant(client)
    const { body } = await redeemCode(service, client, await authorize(service, client, person, audience))
    const next = await scene.refresh(client, body.refresh_token)
    expect(next.status).toBe(200)
    await service.commands.execute(new DeleteClientGrant(grantId(client), {}))
    expect(await scene.refresh(client, next.body.refresh_token)).toMatchObject({
      status: 403,
      body: { error: 'unauthorized_client', error_description: expect.stringContaining(NO_GRANT) },
    })
  })

  it('gets nothing in its own name either', async () => {
    const client = await scene.client(STRICT)
    const token = { grant_type: 'client_credentials', audience }
    expect(await scene.token(client, token)).toMatchObject({
      status: 403,
      body: { error: 'unauthorized_client', error_description: expect.stringContaining(NO_GRANT) },
    })
    expect((await scene.token(await scene.client({ is_first_party: false }), token)).body).toMatchObject({ error: 'access_denied' })
    await grant(client, 'client')
    expect(await scene.token(client, token)).toMatchObject({ status: 200, body: { scope: 'read:plants' } })
  })
})
