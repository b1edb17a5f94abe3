import { ActionsScene, aLogin, claiming, POST_LOGIN } from '../support/actions.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { ExecutionLog } from '../../src/actions/executions/execution-log.js'
import { createOwnerClient } from '../../src/database/pool.js'
import { dumpTables, formsOf } from '../support/dump.js'
import { recorded } from '../support/recorded.js'

let service: TestApp
let scene: ActionsScene
beforeAll(async () => {
  service = await startApp()
  scene = new ActionsScene(service)
})
afterAll(() => service.close())

describe('X1: a draft', () => {
  it('is built before it is deployed; changing it leaves what runs as it is', async () => {
    const { status, body: created } = await service.api('POST', 'actions/actions', { name: 'X1', supported_triggers: POST_LOGIN, code: claiming('1') })
    expect(status).toBe(201)
    expect(created).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'X1',
      supported_triggers: POST_LOGIN,
      created_at: expect.any(String),
      updated_at: expect.any(String),
      all_changes_deployed: false,
      code: claiming('1'),
      dependencies: [],
      runtime: 'node22',
      status: 'pending',
      secrets: [],
    })
    expect(await service.api('POST', `actions/actions/${created.id}/deploy`)).toMatchObject({
      status: 400,
      body: { message: `A draft must be in the 'built' state before it can be deployed.` },
    })
    expect(await scene.built(created.id)).toMatchObject({ status: 'built', built_at: expect.any(String), all_changes_deployed: false })

    const version = await service.api('POST', `actions/actions/${created.id}/deploy`)
    expect(version).toMatchObject({
      status: 200,
      body: { action_id: created.id, number: 1, deployed: true, status: 'built', code: claiming('1'), action: { id: created.id, all_changes_deployed: true } },
    })
    await scene.bind('post-login', { id: created.id, name: 'X1' })
    expect(await scene.claims()).toEqual({ n: 1 })

    const changed = await service.api('PATCH', `actions/actions/${created.id}`, { code: claiming('2') })
    expect(changed).toMatchObject({
      status: 200,
      body: { status: 'pending', all_changes_deployed: false, code: claiming('2'), deployed_version: { number: 1, code: claiming('1') } },
    })
    await scene.built(created.id)
    expect(await scene.claims()).toEqual({ n: 1 })
    await scene.bind('post-login')
  })

  it('that repeats what is there changes nothing: secrets are compared, not only named', async () => {
    const secrets = [{ name: 'KEY', value: 'a-value-of-a-secret' }]
    const action = await scene.deployed(claiming('1'), { secrets })
    const { name, supported_triggers, code, dependencies, runtime } = action
    const again = await service.api('PATCH', `actions/actions/${action.id}`, { name, supported_triggers, code, dependencies, runtime, secrets })
    expect(again.body).toEqual(action)
    expect(again.body).toMatchObject({ status: 'built', all_changes_deployed: true })
    const renamed = await service.api('PATCH', `actions/actions/${action.id}`, { name: `${name} renamed` })
    expect(renamed.body).toMatchObject({ status: 'built', all_changes_deployed: true, name: `${name} renamed` })
    const withOther = await service.api('PATCH', `actions/actions/${action.id}`, { secrets: [{ name: 'KEY', value: 'another' }] })
    expect(withOther.body).toMatchObject({ status: 'pending', all_changes_deployed: false })
  })

  it('that cannot be built says why, where it can with the place, and may be tried again', async () => {
    const failed = await scene.create('exports.onExecutePostLogin = async (event, api) => {\n  let x = ;\n}')
    expect(failed).toMatchObject({ status: 'failed', errors: [{ id: 'invalid_code', msg: expect.stringMatching(/Unexpected ";" \(action\.js:2:11\)/) }] })
    expect((await service.api('POST', `actions/actions/${failed.id}/deploy`)).status).toBe(400)
    for (const [code, msg] of [
      [`import x from 'y'`, /CommonJS/],
      [`export const x = 1`, /CommonJS/],
      [`await 1`, /await/],
      [`const x: number = 1`, /Expected/],
      [`require('left-pad'); exports.onExecutePostLogin = async () => {}`, /Cannot find module 'left-pad'/],
      [`const all = []; while (true) all.push(new Uint8Array(5e7).fill(1))`, /memory limit/],
    ] as const) {
      expect(await scene.create(code)).toMatchObject({ status: 'failed', errors: [{ msg: expect.stringMatching(msg) }] })
    }
    const repaired = await service.api('PATCH', `actions/actions/${failed.id}`, { code: claiming('1') })
    expect(repaired.body.status).toBe('pending')
    expect(await scene.built(failed.id)).toMatchObject({ status: 'built' })
    expect(await scene.built(failed.id)).not.toHaveProperty('errors')
  })

  it('that only fails for want of a secret is built, with a warning', async () => {
    const action = await scene.create(`if (!globalThis.ready) throw new Error('not ready'); ${claiming('1')}`, { runtime: 'node12' })
    expect(action).toMatchObject({
      status: 'built',
      runtime: 'node12',
      warnings: [expect.stringMatching(/node12/), expect.stringMatching(/throws as it loads/)],
    })
  })

  it('with deploy: true runs as soon as it is built', async () => {
    const { body } = await service.api('POST', 'actions/actions', { name: 'At once', supported_triggers: POST_LOGIN, code: claiming('1'), deploy: true })
    expect(await scene.built(body.id)).toMatchObject({ all_changes_deployed: true, deployed_version: { number: 1, deployed: true } })
  })
})

describe('X2: a rollback', () => {
  it('runs a former version as a new one, with its code and secrets, at once', async () => {
    const action = await scene.deployed(claiming('event.secrets.WHO'), { secrets: [{ name: 'WHO', value: 'the first' }] })
    await scene.bind('post-login', action)
    expect(await scene.claims()).toEqual({ n: 'the first' })
    await service.api('PATCH', `actions/actions/${action.id}`, {
      code: `exports.onExecutePostLogin = async () => { throw new Error('broken') }`,
      secrets: [{ name: 'WHO', value: 'the second' }],
    })
    await scene.built(action.id)
    const second = (await service.api('POST', `actions/actions/${action.id}/deploy`)).body
    expect(second.number).toBe(2)
    expect(await scene.denied(aLogin())).toMatchObject({ description: 'broken' })

    const { body: list } = await service.api('GET', `actions/actions/${action.id}/versions`)
    expect(list).toMatchObject({
      total: 2,
      page: 0,
      per_page: 20,
      versions: [
        { number: 1, deployed: false },
        { number: 2, deployed: true },
      ],
    })
    const [first] = list.versions
    const restored = await service.api('POST', `actions/actions/${action.id}/versions/${first.id}/deploy`, {})
    expect(restored).toMatchObject({ status: 200, body: { number: 3, deployed: true, code: first.code, secrets: [{ name: 'WHO' }] } })
    expect(restored.body.id).not.toBe(first.id)
    expect(await scene.claims()).toEqual({ n: 'the first' })
    expect((await service.api('GET', `actions/actions/${action.id}`)).body).toMatchObject({
      code: second.code,
      all_changes_deployed: false,
      deployed_version: { number: 3 },
    })

    const withDraft = await service.api('POST', `actions/actions/${action.id}/versions/${first.id}/deploy`, { update_draft: true })
    expect(withDraft.body.number).toBe(4)
    expect((await service.api('GET', `actions/actions/${action.id}`)).body).toMatchObject({ code: first.code, status: 'built', all_changes_deployed: true })
    // The draft took the first version's secrets back, too.
    await service.api('PATCH', `actions/actions/${action.id}`, { runtime: 'node24' })
    await scene.built(action.id)
    expect((await service.api('POST', `actions/actions/${action.id}/deploy`)).body.number).toBe(5)
    expect(await scene.claims()).toEqual({ n: 'the first' })
    await scene.bind('post-login')

    expect(await service.api('POST', `actions/actions/${action.id}/versions/nowhere/deploy`)).toMatchObject({
      status: 404,
      body: { message: 'That action version does not exist.' },
    })
    expect(await service.api('GET', `actions/actions/${action.id}/versions/${first.id}`)).toMatchObject({ status: 200, body: { number: 1, deployed: false } })
    expect((await service.api('GET', `actions/actions/nowhere/versions`)).status).toBe(404)
  })
})

describe('X4: secrets', () => {
  it('are shown by name alone, and stand in no table and no event in clear', async () => {
    const value = 'sk_live_51H8xYzQ-secret'
    const action = await scene.deployed(
      `console.log('the key is ' + event.secrets.STRIPE); api.idToken.setCustomClaim('n', event.secrets.STRIPE.length); throw new Error(event.secrets.STRIPE)`,
      {
        secrets: [
          { name: 'STRIPE', value },
          { name: 'OTHER', value: 'x' },
        ],
      },
    )
    const shown = (await service.api('GET', `actions/actions/${action.id}`)).body
    expect(shown.secrets).toEqual([
      { name: 'STRIPE', updated_at: expect.any(String) },
      { name: 'OTHER', updated_at: expect.any(String) },
    ])
    expect(shown.deployed_version.secrets).toHaveLength(2)
    expect(JSON.stringify(shown)).not.toContain(value)

    // An item without a value keeps the one that is stored; what is not in the list goes.
    const patched = await service.api('PATCH', `actions/actions/${action.id}`, { secrets: [{ name: 'STRIPE' }] })
    expect(patched.body.secrets.map(({ name }: Json) => name)).toEqual(['STRIPE'])
    expect((await service.api('PATCH', `actions/actions/${action.id}`, { secrets: [{ name: 'NEW' }] })).body.message).toMatch(
      /Missing required property: value.*secrets\[0\]/,
    )
    await scene.built(action.id)
    await service.api('POST', `actions/actions/${action.id}/deploy`)

    await scene.bind('post-login', action)
    const outcome = await scene.run(aLogin())
    expect(outcome).toMatchObject({ kind: 'denied', description: '*****' })
    const { body: execution } = await service.api('GET', `actions/executions/${outcome.execution.id}`)
    expect(execution.results[0]).toMatchObject({ logs: 'the key is *****', error: { msg: '*****' } })
    await scene.bind('post-login')
    const owner = createOwnerClient(service.config.databaseUrl)
    await owner.connect()
    const dump = await dumpTables(owner)
    await owner.end()
    expect(dump.length).toBeGreaterThan(100)
    expect(dump.filter(({ row }) => formsOf(value).some((form) => row.includes(form)))).toEqual([])
    expect((await recorded(service, 'ActionSecretsChanged')).at(-1)!.data).toEqual({ set: [], removed: ['OTHER'] })
  })
})

describe('X5: the network', () => {
  it('leads neither to this service nor to a private address, allowed or not, and the service goes on', async () => {
    const { host, port } = new URL(service.url)
    const urls = [`http://127.0.0.1:${port}/`, service.url, 'http://169.254.169.254/', 'http://10.0.0.1/', 'https://example.com/']
    const visits = `const n = {}; for (const url of ${JSON.stringify(urls)}) n[url] = await fetch(url).then(() => 'reached', (e) => e.message)`
    const action = await scene.deployed(`${visits}; api.idToken.setCustomClaim('n', n)`, { allowed_hosts: [host, '10.0.0.1'] })
    await scene.bind('post-login', action)
    expect(await scene.claims()).toEqual({ n: Object.fromEntries(urls.map((url) => [url, expect.stringMatching(/Requires net access/)])) })
    expect((await fetch(`${service.url}health/live`)).status).toBe(200)
    await scene.bind('post-login')
  })
})

describe('X8: a test run', () => {
  it('answers commands and console of the draft on an example, and leaves nothing behind', async () => {
    const action = await scene.create(
      `exports.onExecutePostLogin = async (event, api) => { console.log('for', event.user.name, event.secrets.S, event.client.name); api.user.setUserMetadata('seen', true); api.refreshToken.setMetadata('a', event.request.geoip.country_code) }`,
      { secrets: [{ name: 'S', value: 'secret-value-1' }] },
    )
    const counted = async (): Promise<unknown> => {
      await service.app.get(ExecutionLog).flushed()
      return (await service.pool.query('select count(*) as n from action_executions')).rows
    }
    const before = await counted()
    const { status, body } = await service.api('POST', `actions/actions/${action.id}/test`, {
      payload: { event: { user: { name: 'Bob' }, request: { geoip: { countryCode: 'DE' } } } },
    })
    expect(status).toBe(200)
    expect(body.payload).toEqual({
      logs: 'for Bob ***** My App\n',
      commands: [
        { type: 'user.metadata', kind: 'user_metadata', key: 'seen', value: true },
        { type: 'refreshToken.metadata', operation: { op: 'set', key: 'a', value: 'DE' } },
      ],
      stats: { action_duration_ms: expect.any(Number), boot_duration_ms: expect.any(Number) },
    })
    const bare = await service.api('POST', `actions/actions/${action.id}/test`, {
      payload: { user: { name: 'Eve' }, request: { geoip: { countryCode: 'FR' } } },
    })
    expect(bare.body.payload).toMatchObject({ logs: 'for Eve ***** My App\n', commands: [{ key: 'seen' }, { operation: { value: 'FR' } }] })
    expect(await counted()).toEqual(before)

    const thrower = await scene.create(
      `exports.onExecutePostLogin = async () => { throw new TypeError('no') }; exports.onContinuePostLogin = async (event, api) => api.authentication.recordMethod('https://x.example')`,
    )
    const threw = await service.api('POST', `actions/actions/${thrower.id}/test`, { payload: {} })
    expect(threw).toMatchObject({
      status: 200,
      body: { payload: { error: { name: 'TypeError', message: 'no', stack: expect.stringContaining('action.js') } } },
    })
    const continued = await service.api('POST', `actions/actions/${thrower.id}/test`, { payload: { __entrypoint: 'onContinuePostLogin' } })
    expect(continued.body.payload.commands).toEqual([{ type: 'recordMethod', url: 'https://x.example' }])
    expect((await service.api('POST', `actions/actions/nowhere/test`, { payload: {} })).status).toBe(404)
  })
})
