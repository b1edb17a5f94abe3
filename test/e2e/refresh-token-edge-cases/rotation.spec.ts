import { ChangeClient, type ClientDocument } from '../../../src/authorization/index.js'
import { startApp, type TestApp } from '../../support/app.js'
import { type Clock, databaseWithClock } from '../../support/clock.js'
import { eventually } from '../../support/eventually.js'
import { anotherWorker, OAuthScene, ROTATING, SECRET, UNKNOWN } from '../../support/oauth.js'
import { familyEvents } from '../../support/recorded.js'

let service: TestApp
let scene: OAuthScene
let other: Awaited<ReturnType<typeof anotherWorker>>
let clock: Clock
let userId: string
beforeAll(async () => {
  const moved = await databaseWithClock()
  clock = moved.clock
  service = await startApp({}, undefined, moved.databaseUrl)
  scene = new OAuthScene(service)
  await scene.api()
  other = await anotherWorker(service)
  userId = await scene.user()
})
afterAll(async () => {
  await other.close()
  await service.close()
})

const withLeeway = (leeway: number): Promise<ClientDocument> => scene.client({ refresh_token: { ...ROTATING, leeway } })
/** Exchanges a token, which must succeed, and answers its successor. */
const rotated = async (client: ClientDocument, token: string): Promise<string> => {
  const { status, body } = await scene.refresh(client, token)
  expect(status).toBe(200)
  return body.refresh_token
}
/** Half of them by each of two workers. */
const tenAtOnce = (client: ClientDocument, token: string): Promise<Awaited<ReturnType<OAuthScene['refresh']>>[]> =>
  Promise.all(Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? scene : other.scene).refresh(client, token)))
const logged = async (familyId: string): Promise<string[]> => {
  const { body } = await service.api('GET', `logs?q=${encodeURIComponent(`type:(sertft OR fertft OR ferrt)`)}&per_page=100&sort=date:1`)
  return (body as { type: string; details?: { familyId?: string } }[]).filter(({ details }) => details?.familyId === familyId).map(({ type }) => type)
}

describe('edge cases of refresh tokens: rotation (spec/refresh-tokens.md §17)', () => {
  it('#1 rotating, same token twice, leeway 0: 200, then 403, and the first answer’s token is dead too', async () => {
    const client = await withLeeway(0)
    const { refreshToken, familyId } = await scene.refreshToken(client, userId)
    const first = await scene.refresh(client, refreshToken)
    expect(first.status).toBe(200)
    expect(first.body.refresh_token).toMatch(/^v1\./)
    expect(first.body.refresh_token).not.toBe(refreshToken)
    expect(await scene.refresh(client, refreshToken)).toMatchObject(UNKNOWN)
    expect(await scene.refresh(client, first.body.refresh_token)).toMatchObject(UNKNOWN)
    expect(await familyEvents(service, familyId)).toEqual(['FamilyStarted', 'RefreshTokenRotated', 'FamilyRevoked'])
    // One alert for the detection; what comes later is one more token that is no good.
    await eventually(async () => (await logged(familyId)).length === 3)
    expect(await logged(familyId)).toEqual(['sertft', 'ferrt', 'fertft'])
    const failures = (await scene.facts('ExchangeFailed')).filter(({ data }) => data.familyId === familyId)
    expect(failures.map(({ data }) => data)).toEqual([
      { grant: 'refresh_token', error: 'invalid_grant', description: UNKNOWN.body.error_description, reason: 'revoked', familyId },
    ])
  })

  it('#2 same, leeway 30, 5 s apart: 200 and 200, with the same successor', async () => {
    const client = await withLeeway(30)
    const { refreshToken } = await scene.refreshToken(client, userId)
    const successor = await rotated(client, refreshToken)
    await clock.move(5)
    const again = await scene.refresh(client, refreshToken)
    expect(again).toMatchObject({ status: 200, body: { refresh_token: successor, access_token: expect.any(String) } })
  })

  it('#3 leeway 30; A→B→C, then A at once: 403, and C is dead', async () => {
    const client = await withLeeway(30)
    const { refreshToken: a, familyId } = await scene.refreshToken(client, userId)
    const c = await rotated(client, await rotated(client, a))
    expect(await scene.refresh(client, a)).toMatchObject(UNKNOWN)
    expect(await scene.refresh(client, c)).toMatchObject(UNKNOWN)
    expect((await familyEvents(service, familyId)).at(-1)).toBe('FamilyRevoked')
  })

  it('#4 leeway 30; A→B; 31 s later A: 403, and B is dead', async () => {
    const client = await withLeeway(30)
    const { refreshToken: a } = await scene.refreshToken(client, userId)
    const b = await rotated(client, a)
    await clock.move(31)
    expect(await scene.refresh(client, a)).toMatchObject(UNKNOWN)
    expect(await scene.refresh(client, b)).toMatchObject(UNKNOWN)
  })

  it('#5 10 parallel exchanges of A, leeway 0: one 200, nine 403, and the successor is dead', async () => {
    const client = await withLeeway(0)
    const { refreshToken, familyId } = await scene.refreshToken(client, userId)
    const answers = await tenAtOnce(client, refreshToken)
    const won = answers.filter(({ status }) => status === 200)
    expect(won).toHaveLength(1)
    for (const lost of answers.filter((answer) => answer !== won[0])) expect(lost).toMatchObject(UNKNOWN)
    expect(await scene.refresh(client, won[0]!.body.refresh_token)).toMatchObject(UNKNOWN)
    expect(await familyEvents(service, familyId)).toEqual(['FamilyStarted', 'RefreshTokenRotated', 'FamilyRevoked'])
    await eventually(async () => (await logged(familyId)).length === 11)
    expect((await logged(familyId)).filter((type) => type === 'ferrt')).toHaveLength(1)
  })

  it('#6 10 parallel, leeway 30: ten 200, one successor, one rotation event', async () => {
    const client = await withLeeway(30)
    const { refreshToken, familyId } = await scene.refreshToken(client, userId)
    const answers = await tenAtOnce(client, refreshToken)
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1)
    expect((await familyEvents(service, familyId)).filter((type) => type === 'RefreshTokenRotated')).toHaveLength(1)
  })

  it('#13 wrong client secret with a retired token: 401, and the family lives', async () => {
    const client = await withLeeway(0)
    const { refreshToken, familyId } = await scene.refreshToken(client, userId)
    const successor = await rotated(client, refreshToken)
    const forged = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: client.client_id, client_secret: `${SECRET}x` }
    expect(await scene.form('oauth/token', forged)).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    await rotated(client, successor)
    expect(await familyEvents(service, familyId)).not.toContain('FamilyRevoked')
  })

  it('#14 other client’s valid credentials: 403, and the family lives, whichever token it is', async () => {
    const [client, thief] = [await withLeeway(0), await withLeeway(0)]
    const { refreshToken, familyId } = await scene.refreshToken(client, userId)
    const successor = await rotated(client, refreshToken)
    for (const token of [refreshToken, successor]) expect(await scene.refresh(thief, token)).toMatchObject(UNKNOWN)
    await rotated(client, successor)
    expect(await familyEvents(service, familyId)).not.toContain('FamilyRevoked')
    const failures = (await scene.facts('ExchangeFailed')).filter(({ data }) => data.familyId === familyId)
    expect(failures.map(({ data }) => data.reason)).toEqual(['foreign', 'foreign'])
  })
})

describe('the leeway', () => {
  it('in force is the one at presentation: longer saves a retry, shorter makes it reuse', async () => {
    const client = await withLeeway(0)
    const set = (leeway: number): Promise<unknown> =>
      service.commands.execute(new ChangeClient(client.client_id, { refresh_token: { ...ROTATING, leeway } }, {}))
    const { refreshToken } = await scene.refreshToken(client, userId)
    const successor = await rotated(client, refreshToken)
    await set(30)
    expect((await scene.refresh(client, refreshToken)).body.refresh_token).toBe(successor)
    await set(0)
    expect(await scene.refresh(client, refreshToken)).toMatchObject(UNKNOWN)
    expect(await scene.refresh(client, successor)).toMatchObject(UNKNOWN)
  })

  it('does not slide with the retries that it saves', async () => {
    const client = await withLeeway(30)
    const { refreshToken } = await scene.refreshToken(client, userId)
    const successor = await rotated(client, refreshToken)
    await clock.move(20)
    expect((await scene.refresh(client, refreshToken)).body.refresh_token).toBe(successor)
    await clock.move(20)
    expect(await scene.refresh(client, refreshToken)).toMatchObject(UNKNOWN)
  })
})
