import { jest } from '@jest/globals'
import type { ClientDocument } from '../../src/authorization/index.js'
import { LoginMarks } from '../../src/tokens/queries/login-marks.js'
import { TokenSet } from '../../src/tokens/token-set.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { PKCE, redeemCode } from '../support/logins.js'
import { type Answer, OAuthScene, ROTATING, UNKNOWN } from '../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, PASSWORD } from '../support/people.js'
import { stalled } from '../support/stalled.js'
import { answerOf, Visitor } from '../support/visitor.js'

/* Refresh tokens whose end comes while a code or an exchange is under way. */
let service: TestApp
let client: ClientDocument
let audience: string
beforeAll(async () => {
  service = await startApp()
  client = await aClient(service)
  audience = await anApi(service, { allow_online_access: true })
})
afterAll(() => service.close())

interface Owner {
  readonly userId: string
  readonly who: Visitor
}
const wanted = { scope: 'openid online_access read:plants', ...PKCE }
const pathOf = ({ userId }: Owner): string => `users/${encodeURIComponent(userId)}`
/** Somebody who has just logged in, with the code that this brought. */
async function logIn(app = client, scope = wanted.scope): Promise<Owner & { readonly code: string }> {
  const { userId, email } = await aPerson(service)
  const who = new Visitor(service.url)
  const page = await who.submit(await who.get(authorizeUrl(app, { ...wanted, scope, audience })), { username: email, password: PASSWORD })
  return { userId, who, code: answerOf(page)['code']! }
}
const again = async ({ who }: Owner): Promise<string> => answerOf(await who.get(authorizeUrl(client, { ...wanted, audience, prompt: 'none' })))['code']!
const REFUSED = { status: 403, body: { error: 'invalid_grant' } }
const works = async (token: string): Promise<boolean> => (await new OAuthScene(service).refresh(client, token)).status === 200

describe('a grant that is deleted while the code of a login is out', () => {
  const ofUser = ({ userId }: Owner): string => `grants?user_id=${encodeURIComponent(userId)}`
  async function deleteGrant(of: Owner): Promise<void> {
    const [{ id }] = (await service.api('GET', ofUser(of))).body
    expect((await service.api('DELETE', `grants/${id}`)).status).toBe(204)
  }
  const deleteAll = async (of: Owner): Promise<void> => expect((await service.api('DELETE', ofUser(of))).status).toBe(204)

  it.each([
    ['DELETE /grants/{id}', deleteGrant],
    ['DELETE /grants?user_id', deleteAll],
  ])('%s makes the code worthless, and a new login gets a token', async (_, end) => {
    const of = await logIn()
    await end(of)
    expect(await redeemCode(service, client, of.code)).toMatchObject(REFUSED)
    const { body: fresh } = await redeemCode(service, client, await again(of))
    expect(await works(fresh.refresh_token)).toBe(true)
  })

  it('takes nothing from a login that came after it, and the code gets nothing of that', async () => {
    const of = await logIn()
    await deleteGrant(of)
    const { body: fresh } = await redeemCode(service, client, await again(of))
    expect(await redeemCode(service, client, of.code)).toMatchObject(REFUSED)
    expect(await works(fresh.refresh_token)).toBe(true)
  })

  it('is seen by an exchange that has looked just before', async () => {
    const of = await logIn()
    const marks = service.app.get(LoginMarks, { strict: false })
    const haveEnded = marks.haveEnded.bind(marks)
    const spy = jest.spyOn(marks, 'haveEnded').mockImplementation(async (guard) => {
      spy.mockRestore()
      const before = await haveEnded(guard)
      await deleteGrant(of)
      return before
    })
    expect(await redeemCode(service, client, of.code)).toMatchObject(REFUSED)
  })
})

describe('a login that ends between what an exchange reads and what it appends', () => {
  /** Ends it when the exchange has signed its tokens. No reactor comes to help. */
  async function exchange(app: ClientDocument, token: string, end: () => Promise<{ status: number }>): Promise<Answer> {
    const tokens = service.app.get(TokenSet, { strict: false })
    const forUser = tokens.forUser.bind(tokens)
    const spy = jest.spyOn(tokens, 'forUser').mockImplementation(async (...terms) => {
      spy.mockRestore()
      const signed = await forUser(...terms)
      expect((await end()).status).toBeLessThan(300)
      return signed
    })
    return stalled(service, () => new OAuthScene(service).refresh(app, token))
  }
  const block = (of: Owner) => service.api('PATCH', pathOf(of), { blocked: true })
  const ENDS: [string, (of: Owner) => Promise<{ status: number }>][] = [
    ['a block', block],
    ['deletion', (of) => service.api('DELETE', pathOf(of))],
    ['a new password', (of) => service.api('PATCH', pathOf(of), { password: 'Another-Horse-2' })],
    ['DELETE /users/{id}/sessions', (of) => service.api('DELETE', `${pathOf(of)}/sessions`)],
  ]

  it.each(ENDS)('by %s: an online token brings nothing', async (_, end) => {
    const of = await logIn()
    const { refresh_token: token } = (await redeemCode(service, client, of.code)).body as Json
    expect(await exchange(client, token, () => end(of))).toMatchObject(UNKNOWN)
  })

  it('by a block: an offline token brings nothing until it is lifted', async () => {
    const app = await aClient(service, { refresh_token: ROTATING })
    const of = await logIn(app, 'openid offline_access read:plants')
    const { refresh_token: token } = (await redeemCode(service, app, of.code)).body as Json
    expect(await exchange(app, token, () => block(of))).toMatchObject({ status: 403, body: { error_description: 'user is blocked' } })
    await service.api('PATCH', pathOf(of), { blocked: false })
    expect((await new OAuthScene(service).refresh(app, token)).status).toBe(200)
  })
})
