import { decodeJwt } from 'jose'
import { ActionLogins } from '../support/action-logins.js'
import { aClient } from '../support/people.js'
import { answerOf } from '../support/visitor.js'

let logins: ActionLogins
beforeAll(async () => (logins = await ActionLogins.start()))
afterAll(() => logins.service.close())

/** Logs somebody new in to a client that may have tokens at once. */
async function logIn(response_type: string, more: Record<string, string> = {}): Promise<Record<string, string>> {
  const client = await aClient(logins.service, { grant_types: ['authorization_code', 'implicit', 'refresh_token'] })
  const { person } = await logins.firstLogin()
  return answerOf(await logins.enter(logins.visitor(), person.email, { response_type, nonce: 'n', ...more }, client))
}

it('Actions shape tokens that are answered at once, and know by which protocol', async () => {
  await logins.scene.use(
    `api.idToken.setCustomClaim('protocol', event.transaction.protocol); api.accessToken.setCustomClaim('kind', 'web'); api.accessToken.removeScope('read:plants')`,
  )
  const implicit = await logIn('id_token token')
  expect(decodeJwt(implicit['id_token']!)).toMatchObject({ protocol: 'oidc-implicit-profile' })
  expect(decodeJwt(implicit['access_token']!)).toMatchObject({ kind: 'web', scope: 'openid profile email' })
  expect(implicit['scope']).toBe('openid profile email')
  expect(decodeJwt((await logIn('code id_token'))['id_token']!)).toMatchObject({ protocol: 'oidc-hybrid-profile' })
})

it('who is denied gets neither tokens nor a code', async () => {
  await logins.scene.use(`if (event.transaction.protocol !== 'oidc-basic-profile') api.access.deny('Not in a browser.')`)
  expect(await logIn('code id_token token')).toEqual({ error: 'access_denied', error_description: 'Not in a browser.', state: 'some state' })
})
