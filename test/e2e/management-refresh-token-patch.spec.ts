import type { ClientDocument } from '../../src/authorization/index.js'
import type { IssuedRefreshToken } from '../../src/tokens/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { OAuthScene, ROTATING } from '../support/oauth.js'

const TOO_MUCH = 'Metadata must not exceed 25 entries. Each key and value must be ≤ 255 characters.'
const GONE = { statusCode: 404, error: 'Not Found', message: 'The refresh token does not exist.', errorCode: 'inexistent_refresh_token' }

let service: TestApp
let scene: OAuthScene
let client: ClientDocument
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  client = await scene.client({ refresh_token: ROTATING })
})
afterAll(() => service.close())

const newUser = (): Promise<string> => scene.user()
const issue = (userId: string, over: object = {}): Promise<IssuedRefreshToken> => scene.refreshToken(client, userId, over)
const path = (id: string): string => `refresh-tokens/${encodeURIComponent(id)}`

describe('PATCH /refresh-tokens/{id}', () => {
  const patch = (id: string, body: unknown) => service.api('PATCH', path(id), body)

  it('replaces the whole object, and every form of nothing clears it', async () => {
    const { familyId } = await issue(await newUser(), { metadata: { b: '2' } })
    const { status, body } = await patch(familyId, { refresh_token_metadata: { a: '1', gone: null } })
    expect([status, body.refresh_token_metadata, body.id]).toEqual([200, { a: '1' }, familyId])
    expect((await service.api('GET', path(familyId))).body.refresh_token_metadata).toEqual({ a: '1' })
    for (const nothing of [{}, null]) {
      await patch(familyId, { refresh_token_metadata: { a: '1' } })
      expect((await patch(familyId, { refresh_token_metadata: nothing })).body.refresh_token_metadata).toEqual({})
    }
  })

  it('takes 25 entries of 255 characters, counted as people count', async () => {
    const { familyId } = await issue(await newUser())
    const most = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`k${n}_`.padEnd(255, 'a'), '😀'.repeat(255)]))
    expect((await patch(familyId, { refresh_token_metadata: most })).body.refresh_token_metadata).toEqual(most)
  })

  const many = Object.fromEntries(Array.from({ length: 26 }, (_, n) => [`k${n}`, 'v']))
  it.each([
    ['26 entries', { refresh_token_metadata: many }, TOO_MUCH],
    ['a long value', { refresh_token_metadata: { a: 'x'.repeat(256) } }, TOO_MUCH],
    ['a long key', { refresh_token_metadata: { ['a'.repeat(256)]: 'x' } }, TOO_MUCH],
    ['a bad key', { refresh_token_metadata: { 'a b': 'x' } }, 'Metadata keys may only include letters, numbers, underscores, or hyphens'],
    [
      'a number',
      { refresh_token_metadata: { k: 1 } },
      `Payload validation error: 'Expected type string but found type number' on property refresh_token_metadata.k.`,
    ],
    [
      'a text for the whole',
      { refresh_token_metadata: 'x' },
      `Payload validation error: 'Expected type object but found type string' on property refresh_token_metadata.`,
    ],
    ['a list', { refresh_token_metadata: ['x'] }, `Payload validation error: 'Expected type object but found type array' on property refresh_token_metadata.`],
    ['nothing', {}, `Payload validation error: 'Missing required property: refresh_token_metadata' on property refresh_token_metadata.`],
    ['another member', { refresh_token_metadata: {}, x: 1 }, `Payload validation error: 'Additional properties not allowed: x'.`],
  ])('refuses %s, and changes nothing', async (_, body, message) => {
    const { familyId } = await issue(await newUser(), { metadata: { kept: 'yes' } })
    expect(await patch(familyId, body)).toMatchObject({ status: 400, body: { statusCode: 400, error: 'Bad Request', message, errorCode: 'invalid_body' } })
    expect((await service.api('GET', path(familyId))).body.refresh_token_metadata).toEqual({ kept: 'yes' })
  })

  it('is 404 for one that is not there', async () => {
    expect(await patch('rt_unknown', { refresh_token_metadata: {} })).toMatchObject({ status: 404, body: GONE })
  })
})
