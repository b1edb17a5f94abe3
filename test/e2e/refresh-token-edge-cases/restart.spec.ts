import type { ClientDocument } from '../../../src/authorization/index.js'
import { startApp, type TestApp } from '../../support/app.js'
import { type Clock, databaseWithClock } from '../../support/clock.js'
import { dpopKey, tokenWithProof } from '../../support/dpop.js'
import { type Answer, credentialsOf, OAuthScene, ROTATING, UNKNOWN } from '../../support/oauth.js'
import { familyEvents } from '../../support/recorded.js'

let databaseUrl: string
let clock: Clock
let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  const moved = await databaseWithClock()
  databaseUrl = moved.databaseUrl
  clock = moved.clock
  service = await startApp({}, undefined, databaseUrl)
  scene = new OAuthScene(service)
  await scene.api()
})
afterAll(() => service.close())

/** Everything that this process held is gone; the same address, key and database. */
async function restart(): Promise<void> {
  await service.close()
  service = await startApp({ PORT: String(service.config.port), ISSUER_URL: service.url }, undefined, databaseUrl)
  scene = new OAuthScene(service)
}

const rotated = async (client: ClientDocument, token: string): Promise<string> => {
  const { status, body } = await scene.refresh(client, token)
  expect(status).toBe(200)
  return body.refresh_token
}

describe('edge cases of refresh tokens: a restart (spec/refresh-tokens.md §17)', () => {
  it('#48 restart of the server: every state unchanged, reuse detection, leeway windows and DPoP replay protection included', async () => {
    const userId = await scene.user()
    const strict = await scene.client({ refresh_token: ROTATING })
    const lenient = await scene.client({ refresh_token: { ...ROTATING, leeway: 30 } })
    const open = await scene.client({ refresh_token: ROTATING, token_endpoint_auth_method: 'none' })
    const start = (client: ClientDocument): ReturnType<OAuthScene['refreshToken']> => scene.refreshToken(client, userId)

    const [current, retried, late, reused, revoked, idle] = [
      await start(strict),
      await start(lenient),
      await start(lenient),
      await start(strict),
      await start(strict),
      await start(strict),
    ]
    const successorOfLate = await rotated(lenient, late.refreshToken)
    await clock.move(20)
    const successor = await rotated(lenient, retried.refreshToken)
    const successorOfReused = await rotated(strict, reused.refreshToken)
    await scene.form('oauth/revoke', { ...credentialsOf(strict), token: revoked.refreshToken })
    const key = await dpopKey()
    const bound = await scene.refreshToken(open, userId, { dpopThumbprint: key.jkt })
    const challenge = await scene.token(
      open,
      { grant_type: 'refresh_token', refresh_token: 'v1.x' },
      { dpop: await key.proof('POST', `${service.url}oauth/token`) },
    )
    const proof = await key.proof('POST', `${service.url}oauth/token`, { nonce: challenge.headers.get('dpop-nonce') })
    const withProof = (token: string): Promise<Answer> => scene.token(open, { grant_type: 'refresh_token', refresh_token: token }, { dpop: proof })
    const afterProof = await withProof(bound.refreshToken)
    expect(afterProof.status).toBe(200)

    await restart()

    await rotated(strict, current.refreshToken)
    expect(await rotated(lenient, retried.refreshToken)).toBe(successor)
    await clock.move(15)
    expect(await scene.refresh(lenient, late.refreshToken)).toMatchObject(UNKNOWN)
    expect(await scene.refresh(lenient, successorOfLate)).toMatchObject(UNKNOWN)
    expect(await rotated(lenient, retried.refreshToken)).toBe(successor)
    expect(await scene.refresh(strict, reused.refreshToken)).toMatchObject(UNKNOWN)
    expect(await scene.refresh(strict, successorOfReused)).toMatchObject(UNKNOWN)
    expect((await familyEvents(service, reused.familyId)).at(-1)).toBe('FamilyRevoked')
    expect(await scene.refresh(strict, revoked.refreshToken)).toMatchObject(UNKNOWN)
    expect(await withProof(afterProof.body.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } })
    const next = { grant_type: 'refresh_token', refresh_token: afterProof.body.refresh_token }
    expect((await tokenWithProof(scene, open, await dpopKey(), next)).status).toBe(403)
    expect((await tokenWithProof(scene, open, key, next)).status).toBe(200)
    await clock.move(600)
    expect(await scene.refresh(strict, idle.refreshToken)).toMatchObject(UNKNOWN)
  })
})
