import { ActionLogins } from '../support/action-logins.js'
import type { Json } from '../support/app.js'
import { redeemCode } from '../support/logins.js'
import { claimsOf, OAuthScene } from '../support/oauth.js'
import { answerOf, type Page } from '../support/visitor.js'

let logins: ActionLogins
beforeAll(async () => (logins = await ActionLogins.start()))
afterAll(() => logins.service.close())

const redeemed = async (page: Page): Promise<Json> => (await redeemCode(logins.service, logins.client, answerOf(page)['code']!)).body
const userinfo = async (token: string): Promise<Json> =>
  (await fetch(`${logins.service.url}userinfo`, { headers: { authorization: `Bearer ${token}` } })).json()

describe('/userinfo', () => {
  it('answers what Actions put on the ID token, be the access token for an API or not', async () => {
    await logins.scene.use(`
      api.idToken.setCustomClaim('color', event.refresh_token ? 'green' : 'pink'); api.idToken.setCustomClaim('nickname', 'Duke'); api.idToken.setCustomClaim('sub', 'evil')
      api.accessToken.setCustomClaim('urn:evergrant:userinfo', 'evil')`)
    for (const more of [{}, { audience: '' }] as Record<string, string>[]) {
      const { person, page } = await logins.firstLogin(more)
      const tokens = await redeemed(page)
      const expected = { sub: person.userId, email: person.email, color: 'pink', nickname: 'Duke' }
      expect(claimsOf(tokens.id_token)).toMatchObject(expected)
      expect(await userinfo(tokens.access_token)).toMatchObject(expected)
      // Each token tells what its own exchange decided.
      const { body: next } = await new OAuthScene(logins.service).refresh(logins.client, tokens.refresh_token)
      expect([(await userinfo(next.access_token)).color, (await userinfo(tokens.access_token)).color]).toEqual(['green', 'pink'])
    }
  })

  it('shows an API nothing of it', async () => {
    await logins.scene.use(`api.idToken.setCustomClaim('color', 'pink-as-can-be')`)
    const tokens = await redeemed((await logins.firstLogin()).page)
    expect(claimsOf(tokens.access_token)).toMatchObject({ 'urn:evergrant:userinfo': expect.stringMatching(/^rk1\./) })
    expect(JSON.stringify(claimsOf(tokens.access_token))).not.toContain('pink-as-can-be')
  })

  it('goes without what is too long to travel, and access tokens stay as they are', async () => {
    await logins.scene.use(`api.idToken.setCustomClaim('long', 'x'.repeat(5000)); api.idToken.setCustomClaim('color', 'pink')`)
    const { person, page } = await logins.firstLogin()
    const tokens = await redeemed(page)
    expect(claimsOf(tokens.id_token)).toHaveProperty('long')
    expect(claimsOf(tokens.access_token)).not.toHaveProperty('urn:evergrant:userinfo')
    const told = await userinfo(tokens.access_token)
    expect([told.sub, told.color]).toEqual([person.userId, undefined])
  })
})
