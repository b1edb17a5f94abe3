import * as openid from 'openid-client'
import { startHttpsApp } from '../support/https.js'
import { CALLBACK, OAuthScene, SECRET } from '../support/oauth.js'

let running: Awaited<ReturnType<typeof startHttpsApp>>
let scene: OAuthScene
beforeAll(async () => {
  running = await startHttpsApp()
  scene = new OAuthScene(running.service)
  await scene.api()
})
afterAll(() => running.service.close())

describe('openid-client', () => {
  it.each(['RS256', 'RS512', 'PS256', 'HS256'])('verifies ID tokens in %s, and refuses those in another algorithm', async (alg) => {
    const client = await scene.client({ jwt_configuration: { alg, lifetime_in_seconds: 600 } })
    const userId = await scene.user()
    const grant = async (expected: string): Promise<openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers> => {
      const metadata = { client_secret: SECRET, id_token_signed_response_alg: expected }
      const options = { [openid.customFetch]: running.fetch }
      const config = await openid.discovery(new URL(running.service.url), client.client_id, metadata, openid.ClientSecretPost(SECRET), options)
      // Clients look at the signature of what came straight from the issuer only when they are told to; a secret is no matter of the JWKS.
      if (expected !== 'HS256') openid.enableNonRepudiationChecks(config)
      const code = await scene.code(client, userId, { scope: ['openid'], nonce: null })
      return openid.authorizationCodeGrant(config, new URL(`${CALLBACK}?code=${encodeURIComponent(code)}`), { idTokenExpected: true })
    }
    expect((await grant(alg)).claims()).toMatchObject({ sub: userId, aud: client.client_id })
    await expect(grant(alg === 'PS256' ? 'RS256' : 'PS256')).rejects.toThrow()
  })
})
