import { ChangeClient, type ClientDocument } from '../../../src/authorization/index.js'
import { foldDatabase } from '../../../src/cli/fold.js'
import { deciders } from '../../../src/deciders.js'
import { startApp, type TestApp } from '../../support/app.js'
import { type Clock, databaseWithClock } from '../../support/clock.js'
import { eventually } from '../../support/eventually.js'
import { flakyProxy } from '../../support/flaky-proxy.js'
import { type Answer, anotherWorker, credentialsOf, OAuthScene, ROTATING, UNKNOWN } from '../../support/oauth.js'
import { familyEvents, recorded } from '../../support/recorded.js'

const PLAIN = { rotation_type: 'non-rotating', expiration_type: 'expiring', leeway: 0, token_lifetime: 3600, idle_token_lifetime: 600 }

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
})
beforeEach(async () => {
  userId = await scene.user()
})
afterAll(async () => {
  await other.close()
  await service.close()
})

const set = (client: ClientDocument, settings: object): Promise<unknown> =>
  service.commands.execute(new ChangeClient(client.client_id, { refresh_token: settings }, {}))
const records = async (): Promise<Record<string, unknown>[]> =>
  (await service.api('GET', `refresh-tokens?user_id=${encodeURIComponent(userId)}`)).body.refresh_tokens
const ok = async (answer: Answer | Promise<Answer>): Promise<string> => {
  const { status, body } = await answer
  expect(status).toBe(200)
  return body.refresh_token
}

describe('edge cases of refresh tokens: rotation switched (spec/refresh-tokens.md §17)', () => {
  it('#49 rotation on; device B’s non-rotating token after device A refreshed: 403, and nobody else’s', async () => {
    const [client, stranger] = [await scene.client({ refresh_token: PLAIN }), await scene.client({ refresh_token: PLAIN })]
    const [a, b] = [await scene.refreshToken(client, userId), await scene.refreshToken(client, userId)]
    const elsewhere = await scene.refreshToken(client, userId, { audience: null })
    const [ofOther, ofStranger] = [await scene.refreshToken(client, await scene.user()), await scene.refreshToken(stranger, userId)]
    await set(client, ROTATING)
    const rotating = await scene.refreshToken(client, userId, { rotating: true })
    const successor = await ok(scene.refresh(client, a.refreshToken))
    await eventually(async () => (await familyEvents(service, b.familyId)).includes('FamilyRevoked'))
    expect(await scene.refresh(client, b.refreshToken)).toMatchObject(UNKNOWN)
    for (const token of [successor, rotating.refreshToken, elsewhere.refreshToken, ofOther.refreshToken]) await ok(scene.refresh(client, token))
    await ok(scene.refresh(stranger, ofStranger.refreshToken))
    const ended = (await recorded(service, 'FamilyRevoked')).filter(({ data }) => data['successorId'] === undefined)
    expect(ended.map(({ data }) => data['reason'])).toEqual(['rotation-switched'])
  })
})

describe.each([
  ['begin to rotate', PLAIN, ROTATING],
  ['cease to rotate', ROTATING, PLAIN],
])('when a client’s tokens %s (§13)', (_, before, after) => {
  const rotates = after === ROTATING

  it('an exchange gives a new family of the other kind, which keeps the login, the metadata and the absolute end', async () => {
    const client = await scene.client({ refresh_token: before })
    const { refreshToken, familyId } = await scene.refreshToken(client, userId, { metadata: { device: 'phone' } })
    const [old] = await records()
    await set(client, { ...after, token_lifetime: 60, idle_token_lifetime: 60 })
    const answer = await scene.refresh(client, refreshToken)
    expect(answer).toMatchObject({ status: 200, body: { refresh_token: expect.stringMatching(/^v1\./), id_token: expect.any(String) } })
    expect(answer.body.refresh_token).not.toBe(refreshToken)
    const [now, ...more] = await records()
    expect(more).toEqual([])
    const { id, created_at, idle_expires_at, last_exchanged_at, device, rotating, ...kept } = old!
    expect(now).toMatchObject({ ...kept, rotating: rotates })
    expect(now!['id']).not.toBe(id)
    expect(now!['device']).toMatchObject({ initial_ip: '203.0.113.9', initial_user_agent: 'test', last_user_agent: 'node' })
    expect([rotating, last_exchanged_at, device, created_at, idle_expires_at].filter((value) => value !== undefined)).toHaveLength(5)
    expect(await familyEvents(service, familyId)).toEqual(['FamilyStarted', 'FamilyRevoked'])
    expect(await familyEvents(service, now!['id'] as string)).toEqual(['FamilyStarted', 'RefreshTokenExchanged'])
    const log = await eventually(async () => {
      const { body } = await service.api('GET', `logs?q=${encodeURIComponent(`client_id:"${client.client_id}"`)}`)
      return body.length > 1 ? (body as { type: string }[]).map(({ type }) => type) : undefined
    })
    expect([...log].sort()).toEqual(['sertft', 'srrt'])
    const [revoked] = (await recorded(service, 'FamilyRevoked')).filter(({ data }) => data['successorId'] === now!['id'])
    expect(revoked!.data).toEqual({ reason: 'rotation-switched', latestGeneration: 1, successorId: now!['id'] })
    const again = await scene.refresh(client, answer.body.refresh_token)
    expect({ status: again.status, renewed: again.body.refresh_token !== undefined }).toEqual({ status: 200, renewed: rotates })
  })

  it('exchanges at once of the old token give one new family, and within the leeway all its token', async () => {
    const client = await scene.client({ refresh_token: before })
    const { refreshToken } = await scene.refreshToken(client, userId)
    await set(client, { ...after, leeway: 30 })
    const answers = await Promise.all(Array.from({ length: 10 }, (__, n) => (n % 2 === 0 ? scene : other.scene).refresh(client, refreshToken)))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1)
    expect(await records()).toHaveLength(1)
    await clock.move(31)
    expect(await scene.refresh(client, refreshToken)).toMatchObject(UNKNOWN)
  })

  it('a lost answer of the database is looked up: there is one new family, or none yet', async () => {
    const client = await scene.client({ refresh_token: before })
    const proxy = await flakyProxy(service.config.databaseUrl)
    const flaky = await anotherWorker(service, proxy.url)
    try {
      await set(client, after)
      // Cut off before the commit, nothing has happened; after it, all has. Either way the client gets the one answer.
      for (const statement of ['append', 'commit']) {
        const person = await scene.user()
        const { refreshToken, familyId } = await scene.refreshToken(client, person, { rotating: !rotates })
        const lost = proxy.lost
        proxy.loseAnswerTo(statement)
        const token = await ok(flaky.scene.refresh(client, refreshToken))
        expect(proxy.lost).toBe(lost + 1)
        expect(await familyEvents(service, familyId)).toEqual(['FamilyStarted', 'FamilyRevoked'])
        const born = (await recorded(service, 'FamilyStarted')).filter(
          ({ data }) => (data['predecessor'] as { familyId?: string } | null)?.familyId === familyId,
        )
        expect(born).toHaveLength(1)
        expect((await scene.refresh(client, token)).status).toBe(200)
      }
    } finally {
      await flaky.close()
      await proxy.close()
    }
  })

  it('what is revoked by the old token, or by its id, is the login that goes on in the new one', async () => {
    const client = await scene.client({ refresh_token: before })
    const [first, second] = [await scene.refreshToken(client, userId), await scene.refreshToken(client, await scene.user())]
    await set(client, after)
    const [one, two] = [await ok(scene.refresh(client, first.refreshToken)), await ok(scene.refresh(client, second.refreshToken))]
    expect((await scene.form('oauth/revoke', { ...credentialsOf(client), token: first.refreshToken })).status).toBe(200)
    expect(await scene.refresh(client, one)).toMatchObject(UNKNOWN)
    expect((await service.api('DELETE', `refresh-tokens/${second.familyId}`)).status).toBe(202)
    expect(await scene.refresh(client, two)).toMatchObject(UNKNOWN)
  })

  it('a code that comes back takes the new family with it', async () => {
    const client = await scene.client({ refresh_token: before })
    const code = await scene.code(client, userId, { audience: null })
    const redeem = (): Promise<Answer> => scene.token(client, { grant_type: 'authorization_code', code, redirect_uri: client.callbacks![0]! })
    const first = await redeem()
    await set(client, after)
    const token = await ok(scene.refresh(client, first.body.refresh_token))
    const userinfo = async (): Promise<number> =>
      (await scene.send('GET', 'userinfo', undefined, { authorization: `Bearer ${first.body.access_token}` })).status
    expect(await userinfo()).toBe(200)
    expect((await redeem()).status).toBe(403)
    expect(await scene.refresh(client, token)).toMatchObject(UNKNOWN)
    expect(await userinfo()).toBe(401)
  })

  it('an exchange that gives no access switches nothing', async () => {
    const client = await scene.client({ refresh_token: before })
    const { refreshToken, familyId } = await scene.refreshToken(client, userId)
    await set(client, after)
    await scene.setBlocked(userId, true)
    expect(await scene.refresh(client, refreshToken)).toMatchObject({ status: 403, body: { error_description: 'user is blocked' } })
    await scene.setBlocked(userId, false)
    expect(await scene.refresh(client, refreshToken, { scope: 'admin' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    expect(await familyEvents(service, familyId)).toEqual(['FamilyStarted'])
    await ok(scene.refresh(client, refreshToken))
  })
})

describe('after the switch (§13)', () => {
  it('a retired token of the rotating family is reuse still, and ends what took its place, once', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { refreshToken: retired } = await scene.refreshToken(client, userId)
    const current = await ok(scene.refresh(client, retired))
    await set(client, PLAIN)
    const switched = await ok(scene.refresh(client, current))
    expect(await ok(scene.refresh(client, switched))).toBeUndefined()
    for (const token of [retired, current, switched]) expect(await scene.refresh(client, token)).toMatchObject(UNKNOWN)
    const reuse = (await recorded(service, 'FamilyRevoked')).filter(({ data, metadata }) => data['reason'] === 'reuse' && metadata['userId'] === userId)
    expect(reuse.map(({ data }) => data)).toEqual([{ reason: 'reuse', latestGeneration: 1, presentedGeneration: -1 }])
  })

  it('the token that was switched comes back as reuse if it rotated, and as nothing if it did not', async () => {
    for (const [before, after, alive] of [
      [ROTATING, PLAIN, false],
      [PLAIN, ROTATING, true],
    ] as const) {
      const client = await scene.client({ refresh_token: before })
      const { refreshToken } = await scene.refreshToken(client, await scene.user())
      await set(client, after)
      const switched = await ok(scene.refresh(client, refreshToken))
      expect(await scene.refresh(client, refreshToken)).toMatchObject(UNKNOWN)
      expect((await scene.refresh(client, switched)).status).toBe(alive ? 200 : 403)
    }
  })

  it('and another one, the line is one login: its first token ends its last family', async () => {
    const client = await scene.client({ refresh_token: ROTATING })
    const { refreshToken: first } = await scene.refreshToken(client, userId)
    await set(client, PLAIN)
    const second = await ok(scene.refresh(client, first))
    await set(client, ROTATING)
    const third = await ok(scene.refresh(client, second))
    const fourth = await ok(scene.refresh(client, third))
    expect(await records()).toHaveLength(1)
    expect(await scene.refresh(client, second)).toMatchObject(UNKNOWN)
    const fifth = await ok(scene.refresh(client, fourth))
    expect(await scene.refresh(client, first)).toMatchObject(UNKNOWN)
    expect(await scene.refresh(client, fifth)).toMatchObject(UNKNOWN)
  })

  it('a single-page application’s tokens go on rotating: it is given none that stays the same', async () => {
    const client = await scene.client({ refresh_token: ROTATING, app_type: 'spa' })
    const { refreshToken, familyId } = await scene.refreshToken(client, userId)
    await set(client, PLAIN)
    await ok(scene.refresh(client, refreshToken))
    expect(await familyEvents(service, familyId)).toEqual(['FamilyStarted', 'RefreshTokenRotated'])
  })

  it('all that happened folds to what is stored', async () => {
    const different: unknown[] = []
    await foldDatabase(service.config.databaseUrl, deciders, (difference) => different.push(difference))
    expect(different).toEqual([])
  })
})
