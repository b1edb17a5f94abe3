import { startApp, type TestApp } from '../../support/app.js'
import { OAuthScene, ROTATING } from '../../support/oauth.js'
import { familyEvents } from '../../support/recorded.js'

let service: TestApp
let scene: OAuthScene
let userId: string
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
  userId = await scene.user()
})
afterAll(() => service.close())

const patch = (familyId: string, metadata: object): ReturnType<TestApp['api']> =>
  service.api('PATCH', `refresh-tokens/${familyId}`, { refresh_token_metadata: metadata })
const metadataOf = async (familyId: string): Promise<unknown> => (await service.api('GET', `refresh-tokens/${familyId}`)).body.refresh_token_metadata

describe('edge cases of refresh tokens: metadata (spec/refresh-tokens.md §17)', () => {
  it('#45 metadata with 26 keys, key “a b” or a value of 256: 400 texts, and nothing changes', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { familyId } = await scene.refreshToken(client, userId, { metadata: { kept: 'yes' } })
    const tooMuch = 'Metadata must not exceed 25 entries. Each key and value must be ≤ 255 characters.'
    const refused: [object, string][] = [
      [Object.fromEntries(Array.from({ length: 26 }, (_, n) => [`key${n}`, 'x'])), tooMuch],
      [{ key: 'x'.repeat(256) }, tooMuch],
      [{ 'a b': 'x' }, 'Metadata keys may only include letters, numbers, underscores, or hyphens'],
    ]
    for (const [metadata, message] of refused) {
      expect(await patch(familyId, metadata)).toMatchObject({
        status: 400,
        body: { statusCode: 400, error: 'Bad Request', message, errorCode: 'invalid_body' },
      })
    }
    expect(await metadataOf(familyId)).toEqual({ kept: 'yes' })
  })

  it('#46 metadata survives 3 rotations', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { refreshToken, familyId } = await scene.refreshToken(client, userId, { metadata: { device: 'phone' } })
    let token = refreshToken
    for (let n = 0; n < 3; n++) token = (await scene.refresh(client, token)).body.refresh_token
    expect(await metadataOf(familyId)).toEqual({ device: 'phone' })
  })

  it('#47 PATCH metadata during a concurrent rotation: both kept', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { refreshToken, familyId } = await scene.refreshToken(client, userId)
    let token = refreshToken
    for (let n = 0; n < 10; n++) {
      const [rotated, patched] = await Promise.all([scene.refresh(client, token), patch(familyId, { n: String(n) })])
      expect([rotated.status, patched.status]).toEqual([200, 200])
      token = rotated.body.refresh_token
      expect(await metadataOf(familyId)).toEqual({ n: String(n) })
    }
    const types = await familyEvents(service, familyId)
    expect(types.filter((type) => type === 'RefreshTokenRotated')).toHaveLength(10)
    expect((await scene.refresh(client, token)).status).toBe(200)
  })
})
