import { jest } from '@jest/globals'
import type { ClientDocument } from '../../src/authorization/index.js'
import { LoginMarks } from '../../src/tokens/queries/login-marks.js'
import { startApp, type TestApp } from '../support/app.js'
import { PKCE, redeemCode } from '../support/logins.js'
import { OAuthScene } from '../support/oauth.js'
import { aClient, anApi, aPerson, authorizeUrl, PASSWORD } from '../support/people.js'
import { answerOf, Visitor } from '../support/visitor.js'

/* Online refresh tokens whose end comes while something is under way. */
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
/** Somebody who has just logged in, with the code that this brought. */
async function logIn(): Promise<Owner & { readonly code: string }> {
  const { userId, email } = await aPerson(service)
  const who = new Visitor(service.url)
  const page = await who.submit(await who.get(authorizeUrl(client, { ...wanted, audience })), { username: email, password: PASSWORD })
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
