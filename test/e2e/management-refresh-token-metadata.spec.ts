import { ChangeClient } from '../../src/authorization/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { OAuthScene, ROTATING } from '../support/oauth.js'

const TOO_MUCH = 'Metadata must not exceed 25 entries. Each key and value must be ≤ 255 characters.'

let service: TestApp
let scene: OAuthScene
beforeAll(async () => {
  service = await startApp({ METADATA_PATCH: 'merge' })
  scene = new OAuthScene(service)
  await scene.api()
})
afterAll(() => service.close())

const patch = (id: string, metadata: unknown) => service.api('PATCH', `refresh-tokens/${id}`, { refresh_token_metadata: metadata })
const metadataOf = async (id: string): Promise<unknown> => (await service.api('GET', `refresh-tokens/${id}`)).body.refresh_token_metadata

describe('with METADATA_PATCH=merge', () => {
  it('a PATCH adds, changes and, by null, takes away; nothing at all still clears', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { familyId } = await scene.refreshToken(client, await scene.user(), { metadata: { a: '1', b: '2' } })
    expect((await patch(familyId, { b: 'two', c: '3' })).body.refresh_token_metadata).toEqual({ a: '1', b: 'two', c: '3' })
    expect((await patch(familyId, { a: null, d: '' })).body.refresh_token_metadata).toEqual({ b: 'two', c: '3', d: '' })
    for (const nothing of [{}, null]) {
      expect((await patch(familyId, nothing)).body.refresh_token_metadata).toEqual({})
      await patch(familyId, { a: '1' })
    }
  })

  it('the limit counts the result, and a refused PATCH changes nothing', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const twenty = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`k${n}`, 'v']))
    const { familyId } = await scene.refreshToken(client, await scene.user(), { metadata: twenty })
    const six = Object.fromEntries(Array.from({ length: 6 }, (_, n) => [`n${n}`, 'v']))
    expect(await patch(familyId, six)).toMatchObject({ status: 400, body: { message: TOO_MUCH, errorCode: 'invalid_body' } })
    expect(await metadataOf(familyId)).toEqual(twenty)
    expect((await patch(familyId, { ...six, k0: null })).status).toBe(200)
    expect(Object.keys((await metadataOf(familyId)) as object)).toHaveLength(25)
  })

  it('two at once both count', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { familyId } = await scene.refreshToken(client, await scene.user())
    await Promise.all(Array.from({ length: 8 }, (_, n) => patch(familyId, { [`k${n}`]: String(n) })))
    expect(Object.keys((await metadataOf(familyId)) as object)).toHaveLength(8)
  })
})

describe('metadata of a refresh token', () => {
  it('goes over to the one that takes its place, in both directions, and dies with the record', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const userId = await scene.user()
    const { refreshToken } = await scene.refreshToken(client, userId, { metadata: { device: 'phone' } })
    const current = async () => (await service.api('GET', `refresh-tokens?user_id=${encodeURIComponent(userId)}`)).body.refresh_tokens[0]
    let token = refreshToken
    for (const rotation_type of ['non-rotating', 'rotating']) {
      await service.commands.execute(new ChangeClient(client.client_id, { refresh_token: { ...ROTATING, rotation_type } }, {}))
      token = (await scene.refresh(client, token)).body.refresh_token
      expect((await current()).refresh_token_metadata).toEqual({ device: 'phone' })
    }
    const { id } = await current()
    await service.api('DELETE', `refresh-tokens/${id}`)
    expect((await patch(id, { device: 'gone' })).status).toBe(404)
    expect((await service.api('GET', `refresh-tokens/${id}`)).status).toBe(404)
  })
})
