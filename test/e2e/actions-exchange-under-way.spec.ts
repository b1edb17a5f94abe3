import { jest } from '@jest/globals'
import { ActionsSandbox } from '../../src/actions/run/actions-sandbox.js'
import type { ClientDocument } from '../../src/authorization/index.js'
import { PersonKeys } from '../../src/keys/person-keys.js'
import { access, ActionExchanges, identity } from '../support/action-exchanges.js'
import type { ActionsScene } from '../support/actions.js'
import type { Json, TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { type Answer, type OAuthScene, ROTATING, UNKNOWN } from '../support/oauth.js'

/* What the token endpoint makes of runners that die, and of what changes while the Actions of an exchange run. */
let exchanges: ActionExchanges
let service: TestApp
let scene: OAuthScene
let actions: ActionsScene
let told: Json
beforeAll(async () => {
  // What may reach something cannot be done a second time when its runner dies.
  exchanges = await ActionExchanges.start({ ACTIONS_TIMEOUT_MS: '4000' }, { allowed_hosts: ['api.example.com'] })
  ;({ service, scene, actions, told } = exchanges)
})
afterAll(() => service.close())

const entry = (type: string, userId: string): Promise<Json> => eventually(async () => (await exchanges.logs(type, 'user_id', userId))[0])

describe('under way', () => {
  beforeAll(() => actions.bind('post-login', told))
  const holder = async (): Promise<{ familyId: string; refreshToken: string; app: ClientDocument }> => {
    const app = await scene.client({ refresh_token: ROTATING })
    return { ...(await scene.refreshToken(app, await scene.user())), app }
  }
  const exchange = (app: ClientDocument, token: string, what: string): Promise<Answer> => scene.refresh(app, token, { act: what })
  const rowOf = (familyId: string): Promise<Json> => exchanges.row(familyId)

  type Run = ActionsSandbox['run']
  /** Does something when the next exchange asks its Actions. */
  function aroundRun(work: (run: () => ReturnType<Run>) => ReturnType<Run>): void {
    const sandbox = service.app.get(ActionsSandbox, { strict: false })
    const run = sandbox.run.bind(sandbox)
    const spy = jest.spyOn(sandbox, 'run').mockImplementation((...job) => {
      spy.mockRestore()
      return work(() => run(...job))
    })
  }
  /** Does something after an exchange has read its refresh token, and before its Actions run. */
  const meanwhile = (work: () => Promise<unknown>): void =>
    aroundRun(async (run) => {
      await work()
      return run()
    })

  test('a runner that is killed costs one request, and no refresh token', async () => {
    const { familyId, refreshToken, app } = await holder()
    const before = await rowOf(familyId)
    // There is one that waits for work.
    expect((await exchange(app, (await scene.refreshToken(app, await scene.user())).refreshToken, '')).status).toBe(200)
    aroundRun(async (run) => {
      const answer = run()
      await new Promise((done) => setImmediate(done))
      for (const pid of service.app.get(ActionsSandbox, { strict: false }).pids) process.kill(pid, 'SIGKILL')
      return answer
    })
    const answer = await exchange(app, refreshToken, 'await new Promise(() => {})')
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 500,
      body: { error: 'server_error', error_description: 'The Actions runtime is unavailable.' },
    })
    expect(await rowOf(familyId)).toEqual(before)
    expect((await exchange(app, refreshToken, '')).status).toBe(200)
    const { state } = await rowOf(familyId)
    expect(await entry('fertft', state.userId)).toMatchObject({
      details: { actions: { executions: [expect.any(String)] }, error: { oauthError: 'server_error' } },
    })
  })

  test('revoked while the Actions run, a refresh token brings nothing', async () => {
    const { familyId, refreshToken, app } = await holder()
    let revoked = 0
    meanwhile(async () => (revoked = (await service.api('DELETE', `refresh-tokens/${familyId}`)).status))
    expect(await exchange(app, refreshToken, '')).toMatchObject(UNKNOWN)
    expect(revoked).toBe(202)
  })

  test('deleted while the Actions run, somebody gets no new key by what is written down of them', async () => {
    const { familyId, refreshToken, app } = await holder()
    const { userId } = (await rowOf(familyId)).state
    const keys = service.app.get(PersonKeys)
    const sealed = await keys.seal(userId, 'x')
    meanwhile(async () => {
      expect((await service.api('DELETE', `users/${encodeURIComponent(userId)}`)).status).toBe(204)
      await eventually(async () => (await keys.open(sealed)) === undefined)
    })
    const failing = `console.log('seen'); throw new Error('failed')`
    expect((await exchange(app, refreshToken, failing)).status).toBe(403)
    const failed = await entry('actions_execution_failed', userId)
    const path = `actions/executions/${failed.details.execution_id}`
    expect(await eventually(async () => (await service.api('GET', path)).body.results)).toMatchObject([{ logs: 'seen' }])
    const { rowCount } = await service.pool.query('select from person_keys where person_id = $1', [userId])
    expect(rowCount).toBe(0)
  })

  test('held up by Actions, an exchange is judged anew when they are done', async () => {
    const { familyId, refreshToken, app } = await holder()
    const before = await rowOf(familyId)
    const long = `await new Promise((done) => setTimeout(done, 300))`
    meanwhile(() => scene.setBlocked(before.state.userId, true))
    expect(await exchange(app, refreshToken, long)).toMatchObject({ status: 403, body: { error: 'invalid_grant', error_description: 'user is blocked' } })
    expect(await rowOf(familyId)).toEqual(before)
    await scene.setBlocked(before.state.userId, false)
    expect((await exchange(app, refreshToken, long)).status).toBe(200)
    // Its time is that of its answer, which a leeway begins with.
    const times = async (): Promise<Json> => {
      const { rows } = await service.pool.query<Json>(
        `select r.metadata->>'at' as at, e.created_at from events r, action_executions e
       where r.stream_id = $1 and r.type = 'RefreshTokenRotated' and e.id = r.metadata->'actions'->>'id'`,
        [`refresh_token_family-${familyId}`],
      )
      return rows[0]
    }
    const { at, created_at } = await eventually(times)
    expect(Date.parse(at)).toBeGreaterThanOrEqual(created_at.getTime() + 300)
  })

  test('changed while the Actions run, metadata is changed further, and they do not run again', async () => {
    const { familyId, refreshToken, app } = await holder()
    const set = (refresh_token_metadata: object) => service.api('PATCH', `refresh-tokens/${familyId}`, { refresh_token_metadata })
    const count = `api.idToken.setCustomClaim('runs', runs); api.refreshToken.setMetadata('own', '1')`
    meanwhile(() => set({ operator: '1' }))
    const first = await exchange(app, refreshToken, count)
    expect(first.status).toBe(200)
    expect((await service.api('GET', `refresh-tokens/${familyId}`)).body.refresh_token_metadata).toEqual({ operator: '1', own: '1' })

    meanwhile(() => set(Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`k${n}`, 'x']))))
    expect(await exchange(app, first.body.refresh_token, count)).toMatchObject({
      status: 403,
      body: { error_description: 'Failed to set refresh token metadata: Invalid metadata: Metadata must not contain more than 25 entries' },
    })
    await set({})
    const last = await exchange(app, first.body.refresh_token, count)
    expect(identity(last).runs).toBe(identity(first).runs + 2)
  })

  test('a new version is deployed and no exchange fails or runs half of each', async () => {
    const code = (version: number) =>
      `exports.onExecutePostLogin = async (event, api) => { api.idToken.setCustomClaim('version', ${version}); api.accessToken.setCustomClaim('version', ${version}) }`
    const action = await actions.deployed(code(1))
    await actions.bind('post-login', action)
    let stop = false
    const versions = new Set<number>()
    const client = async (): Promise<void> => {
      const { app, ...held } = await holder()
      let { refreshToken } = held
      while (!stop) {
        const answer = await exchange(app, refreshToken, '')
        expect(answer.status).toBe(200)
        expect(access(answer).version).toBe(identity(answer).version)
        versions.add(identity(answer).version)
        refreshToken = answer.body.refresh_token
      }
    }
    const clients = Promise.all([1, 2, 3, 4].map(client))
    for (const version of [2, 3]) {
      await eventually(() => versions.has(version - 1))
      await service.api('PATCH', `actions/actions/${action.id}`, { code: code(version) })
      await actions.built(action.id)
      expect((await service.api('POST', `actions/actions/${action.id}/deploy`)).status).toBe(200)
    }
    await eventually(() => versions.has(3))
    stop = true
    await clients
    expect([...versions]).toEqual([1, 2, 3])
  })
})
