import { createHash } from 'node:crypto'
import { decodeJwt } from 'jose'
import { ChangeClient, type ClientDocument, IssueFrontChannelTokens } from '../../src/authorization/index.js'
import { DeleteUser } from '../../src/users/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { PKCE, redeemCode } from '../support/logins.js'
import { OAuthScene } from '../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, PASSWORD } from '../support/people.js'
import { type Recorded, recorded } from '../support/recorded.js'
import { answerOf, hiddenFields, type Page, Visitor } from '../support/visitor.js'

let service: TestApp
let scene: OAuthScene
let client: ClientDocument
let audience: string
let person: { userId: string; email: string }
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  client = await aClient(service, { grant_types: ['authorization_code', 'implicit', 'refresh_token'] })
  audience = await anApi(service)
  person = await aPerson(service)
})
afterAll(() => service.close())

const visitor = (): Visitor => new Visitor(service.url)
const ask = (parameters: Record<string, string>, app = client, who = visitor()): Promise<Page> => who.get(authorizeUrl(app, { nonce: 'n-1', ...parameters }))
async function logIn(parameters: Record<string, string>, app = client, who = visitor()): Promise<Page> {
  return who.submit(await ask(parameters, app, who), { username: person.email, password: PASSWORD, action: 'default' })
}
const issued = async (which: (data: Recorded['data']) => boolean): Promise<Recorded> =>
  (await recorded(service, 'AuthorizationCodeIssued')).find(({ data }) => which(data))!
const halfHash = (text: string): string => createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url')

describe('an answer with tokens', () => {
  it('is an ID token in a form, as express-openid-connect asks by default', async () => {
    const page = await logIn({ response_type: 'id_token', response_mode: 'form_post' })
    expect(page.status).toBe(200)
    const { id_token: token, ...rest } = hiddenFields(page)
    expect(rest).toEqual({ state: 'some state' })
    expect(decodeJwt(token!)).toMatchObject({ iss: service.url, aud: client.client_id, sub: person.userId, nonce: 'n-1', email: person.email })
    expect(decodeJwt(token!)).toMatchObject({ sid: expect.any(String), auth_time: expect.any(Number) })
    expect(decodeJwt(token!)).not.toHaveProperty('at_hash')
  })

  it('is in the fragment an access token beside an ID token that holds its hash, and no refresh token', async () => {
    const page = await logIn({ response_type: 'token id_token', scope: 'openid email offline_access' })
    expect(page.location?.search).toBe('')
    const { access_token: access, id_token: id, ...rest } = answerOf(page)
    expect(rest).toEqual({ token_type: 'Bearer', expires_in: '7200', scope: 'openid email', state: 'some state' })
    expect(decodeJwt(id!)).toMatchObject({ at_hash: halfHash(access!) })
    expect(await scene.send('GET', 'userinfo', undefined, { authorization: `Bearer ${access}` })).toMatchObject({ status: 200, body: { sub: person.userId } })
  })

  it('has an access token for the API, as long as that lets it live in a browser', async () => {
    const api = await anApi(service, { token_lifetime: 86_400, token_lifetime_for_web: 600 })
    const { access_token: access, expires_in } = answerOf(await logIn({ response_type: 'token', audience: api, scope: 'read:plants fly:rockets' }))
    const { aud, scope, iat, exp, jti } = decodeJwt(access!)
    expect({ aud, scope, seconds: exp! - iat! }).toEqual({ aud: api, scope: 'read:plants', seconds: 600 })
    expect(expires_in).toBe('600')
    expect((await issued((data) => data['audience'] === api)).data).toMatchObject({ frontChannel: { idToken: false, accessTokenId: jti } })
    expect(answerOf(await logIn({ response_type: 'token', audience: api, scope: 'fly:rockets' }))).not.toHaveProperty('scope')
    const short = await anApi(service, { token_lifetime: 300 })
    expect(answerOf(await logIn({ response_type: 'token', audience: short }))).toMatchObject({ expires_in: '300' })
  })

  it('has a code beside them, good for what tokens in a browser never bring', async () => {
    const page = await logIn({ response_type: 'code id_token token', audience, scope: 'openid offline_access read:plants', ...PKCE })
    const { code, id_token: id, access_token: access, scope } = answerOf(page)
    expect(decodeJwt(id!)).toMatchObject({ c_hash: halfHash(code!), at_hash: halfHash(access!) })
    expect(scope).toBe('openid read:plants')
    const redeemed = await redeemCode(service, client, code!)
    expect(redeemed).toMatchObject({ status: 200, body: { refresh_token: expect.any(String), scope: 'openid offline_access read:plants' } })
  })

  it('is the same from the session, silently too', async () => {
    const who = visitor()
    await logIn({ response_type: 'id_token' }, client, who)
    const silent = await ask({ response_type: 'token id_token', prompt: 'none' }, client, who)
    expect(answerOf(silent)).toMatchObject({ id_token: expect.any(String), access_token: expect.any(String) })
    expect(answerOf(await ask({ response_type: 'id_token', prompt: 'none' }))).toEqual({
      error: 'login_required',
      error_description: 'Login required',
      state: 'some state',
    })
  })

  it('tells no code where none was asked for', async () => {
    const { id_token } = answerOf(await logIn({ response_type: 'id_token' }))
    const { sid } = decodeJwt(id_token!)
    const { data, metadata } = await issued(({ sessionId }) => sessionId === sid)
    expect(data).toMatchObject({ frontChannel: { idToken: true }, expiresAt: metadata['at'] })
  })
})

describe('a request for tokens is refused', () => {
  it.each([
    ['without a nonce', { response_type: 'id_token', nonce: '' }, 'invalid_request', 'Missing required parameter: nonce'],
    ['without openid', { response_type: 'id_token', scope: 'email' }, 'invalid_request', 'An ID token needs the scope openid'],
    ['in a query', { response_type: 'token', response_mode: 'query' }, 'invalid_request', 'response_mode=query is for codes alone'],
    ['with what is no type', { response_type: 'token magic' }, 'unsupported_response_type', 'Unsupported response type: token magic'],
  ])('%s', async (_, parameters, error, error_description) => {
    expect(answerOf(await ask(parameters))).toEqual({ error, error_description, state: 'some state' })
  })

  it('of a client that may not have them, or only with a proof', async () => {
    const refused = async (members: Partial<ClientDocument>, parameters: Record<string, string>): Promise<unknown> =>
      answerOf(await ask({ response_type: 'token', ...parameters }, await aClient(service, { grant_types: ['authorization_code', 'implicit'], ...members })))
    expect(await refused({ grant_types: ['authorization_code'] }, {})).toMatchObject({ error: 'unauthorized_client' })
    const required = await anApi(service, { proof_of_possession: { mechanism: 'dpop', required: true } })
    expect(await refused({}, { audience: required })).toMatchObject({
      error: 'invalid_request',
      error_description: expect.stringContaining('proof of possession'),
    })
    expect(await refused({ require_proof_of_possession: true }, {})).toMatchObject({ error: 'invalid_request' })
  })

  it('with a code of which the client must prove nothing at the token endpoint', async () => {
    const thirdParty = await aClient(service, { is_first_party: false, grant_types: ['authorization_code', 'implicit'] })
    expect(answerOf(await ask({ response_type: 'code id_token' }, thirdParty))).toMatchObject({
      error_description: 'Missing required parameter: code_challenge',
    })
    expect(answerOf(await ask({ response_type: 'id_token' }, thirdParty))).toMatchObject({ error_description: 'no connections enabled for the client' })
  })
})

it('who is blocked or gone at the last moment gets none', async () => {
  const { userId } = await aPerson(service)
  const login = { userId, clientId: client.client_id, sessionId: 's', scope: ['openid'], audience: null, authTime: 1, connection: 'c', redirectUri: 'r' }
  const issued = { code: undefined, grant: { ...login, maxAgeSent: false, online: false }, frontChannel: { idToken: true }, at: new Date() }
  const answered = (): Promise<unknown> => service.commands.execute(new IssueFrontChannelTokens(issued, client))
  expect(await answered()).toEqual({ kind: 'issued', tokens: { idToken: expect.any(String) } })
  await scene.setBlocked(userId, true)
  expect(await answered()).toEqual({ kind: 'refused', error: 'unauthorized', description: 'user is blocked' })
  await service.commands.execute(new DeleteUser(userId, {}))
  expect(await answered()).toEqual({ kind: 'refused', error: 'access_denied', description: 'The person is gone.' })
})

it('a login whose client was taken the grant away meanwhile gets no tokens', async () => {
  const app = await aClient(service, { grant_types: ['authorization_code', 'implicit'] })
  const who = visitor()
  const page = await ask({ response_type: 'id_token' }, app, who)
  await service.commands.execute(new ChangeClient(app.client_id, () => ({ grant_types: ['authorization_code'] }), {}))
  const answer = await who.submit(page, { username: person.email, password: PASSWORD, action: 'default' })
  expect(answerOf(answer)).toMatchObject({ error: 'unauthorized_client' })
})
