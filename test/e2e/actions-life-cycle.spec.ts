import { ActionsScene, aLogin } from '../support/actions.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { createOwnerClient } from '../../src/database/pool.js'
import { dumpTables, formsOf } from '../support/dump.js'
import { eventually } from '../support/eventually.js'
import { recorded } from '../support/recorded.js'

let service: TestApp
let scene: ActionsScene
beforeAll(async () => {
  service = await startApp()
  scene = new ActionsScene(service)
})
afterAll(() => service.close())

const TRIGGER = [{ id: 'post-login', version: 'v3' }]
const claim = (value: string): string => `exports.onExecutePostLogin = async (event, api) => api.idToken.setCustomClaim('n', ${value})`
/** What the bound Actions make of a login. */
const claims = async (): Promise<unknown> => {
  const outcome = await scene.run(aLogin())
  return outcome.kind === 'allowed' ? outcome.claims.idToken : outcome
}

describe('X1: a draft', () => {
  it('is built before it is deployed; changing it leaves what runs as it is', async () => {
    const { status, body: created } = await service.api('POST', 'actions/actions', { name: 'X1', supported_triggers: TRIGGER, code: claim('1') })
    expect(status).toBe(201)
    expect(created).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'X1',
      supported_triggers: TRIGGER,
      created_at: expect.any(String),
      updated_at: expect.any(String),
      all_changes_deployed: false,
      code: claim('1'),
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
      body: { action_id: created.id, number: 1, deployed: true, status: 'built', code: claim('1'), action: { id: created.id, all_changes_deployed: true } },
    })
    await scene.bind('post-login', { id: created.id, name: 'X1' })
    expect(await claims()).toEqual({ n: 1 })

    const changed = await service.api('PATCH', `actions/actions/${created.id}`, { code: claim('2') })
    expect(changed).toMatchObject({
      status: 200,
      body: { status: 'pending', all_changes_deployed: false, code: claim('2'), deployed_version: { number: 1, code: claim('1') } },
    })
    await scene.built(created.id)
    expect(await claims()).toEqual({ n: 1 })
    await scene.bind('post-login')
  })

  it('that repeats what is there changes nothing: secrets are compared, not only named', async () => {
    const secrets = [{ name: 'KEY', value: 'a-value-of-a-secret' }]
    const action = await scene.deployed(claim('1'), { secrets })
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
    const repaired = await service.api('PATCH', `actions/actions/${failed.id}`, { code: claim('1') })
    expect(repaired.body.status).toBe('pending')
    expect(await scene.built(failed.id)).toMatchObject({ status: 'built' })
    expect(await scene.built(failed.id)).not.toHaveProperty('errors')
  })

  it('that only fails for want of a secret is built, with a warning', async () => {
    const action = await scene.create(`if (!globalThis.ready) throw new Error('not ready'); ${claim('1')}`, { runtime: 'node12' })
    expect(action).toMatchObject({
      status: 'built',
      runtime: 'node12',
      warnings: [expect.stringMatching(/node12/), expect.stringMatching(/throws as it loads/)],
    })
  })

  it('with deploy: true runs as soon as it is built', async () => {
    const { body } = await service.api('POST', 'actions/actions', { name: 'At once', supported_triggers: TRIGGER, code: claim('1'), deploy: true })
    expect(await scene.built(body.id)).toMatchObject({ all_changes_deployed: true, deployed_version: { number: 1, deployed: true } })
  })
})

describe('X9: an import', () => {
  it('that deploy tools repeat changes nothing: neither Actions nor versions nor bindings', async () => {
    const tenant = [
      {
        name: 'Imported one',
        code: claim('1'),
        runtime: 'node22',
        dependencies: [],
        secrets: [{ name: 'K', value: 'a-value-of-a-secret' }],
        supported_triggers: TRIGGER,
      },
      { name: 'Imported two', code: claim('2'), runtime: 'node22', dependencies: [], secrets: [], supported_triggers: TRIGGER },
    ]
    // What the tool asks, in its order: list, create or update, list, deploy until it is built, bind by name.
    const importAll = async (): Promise<void> => {
      const known = (await service.api('GET', 'actions/actions?page=0&per_page=100')).body.actions
      for (const action of tenant) {
        const found = known.find(({ name }: Json) => name === action.name)
        const { supported_triggers: _, ...changes } = action
        const { status } = found ? await service.api('PATCH', `actions/actions/${found.id}`, changes) : await service.api('POST', 'actions/actions', action)
        expect(status).toBe(found ? 200 : 201)
      }
      for (const { name } of tenant) {
        const [{ id }] = (await service.api('GET', `actions/actions?actionName=${encodeURIComponent(name)}`)).body.actions
        await eventually(async () => {
          const { status, body } = await service.api('POST', `actions/actions/${id}/deploy`)
          if (status !== 200) expect(body.message).toContain(`must be in the 'built' state`)
          return status === 200
        }, 60_000)
      }
      const bindings = tenant.map(({ name }) => ({ ref: { type: 'action_name', value: name }, display_name: name }))
      expect((await service.api('PATCH', 'actions/triggers/post-login/bindings', { bindings })).status).toBe(200)
    }
    const look = async (): Promise<Json> => [
      (await service.api('GET', 'actions/actions?page=0&per_page=100')).body,
      (await service.api('GET', 'actions/triggers/post-login/bindings?page=0&per_page=50')).body,
    ]
    await importAll()
    const before = await look()
    expect(before[0].actions.filter(({ name }: Json) => name.startsWith('Imported'))).toMatchObject([
      { status: 'built', all_changes_deployed: true, deployed_version: { number: 1, deployed: true } },
      { status: 'built', all_changes_deployed: true, deployed_version: { number: 1, deployed: true } },
    ])
    await importAll()
    expect(await look()).toEqual(before)
    expect(await claims()).toEqual({ n: 2 })
    await scene.bind('post-login')
  })
})

describe('X2: a rollback', () => {
  it('runs a former version as a new one, with its code and secrets, at once', async () => {
    const action = await scene.deployed(claim('event.secrets.WHO'), { secrets: [{ name: 'WHO', value: 'the first' }] })
    await scene.bind('post-login', action)
    expect(await claims()).toEqual({ n: 'the first' })
    await service.api('PATCH', `actions/actions/${action.id}`, {
      code: `exports.onExecutePostLogin = async () => { throw new Error('broken') }`,
      secrets: [{ name: 'WHO', value: 'the second' }],
    })
    await scene.built(action.id)
    const second = (await service.api('POST', `actions/actions/${action.id}/deploy`)).body
    expect(second.number).toBe(2)
    expect(await claims()).toMatchObject({ kind: 'denied', description: 'broken' })

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
    expect(await claims()).toEqual({ n: 'the first' })
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
    expect(await claims()).toEqual({ n: 'the first' })
    await scene.bind('post-login')

    expect(await service.api('POST', `actions/actions/${action.id}/versions/nowhere/deploy`)).toMatchObject({
      status: 404,
      body: { message: 'That action version does not exist.' },
    })
    expect(await service.api('GET', `actions/actions/${action.id}/versions/${first.id}`)).toMatchObject({ status: 200, body: { number: 1, deployed: false } })
    expect((await service.api('GET', `actions/actions/nowhere/versions`)).status).toBe(404)
  })
})

describe('X3: bindings', () => {
  it('are the whole list in the order of execution, named by id, name or binding', async () => {
    const [a, b] = [await scene.deployed(claim(`(event.transaction.metadata.n ?? '') + 'A'`)), await scene.deployed(claim(`'B'`))]
    const draft = await scene.create(claim('1'))
    const bind = (...refs: readonly [string, string][]) =>
      service.api('PATCH', 'actions/triggers/post-login/bindings', { bindings: refs.map(([type, value]) => ({ ref: { type, value }, display_name: 'shown' })) })

    const { status, body } = await bind(['action_name', b.name], ['action_name', a.name])
    expect(status).toBe(200)
    expect(body.bindings.map(({ action, display_name, trigger_id }: Json) => [action.name, display_name, trigger_id])).toEqual([
      [b.name, 'shown', 'post-login'],
      [a.name, 'shown', 'post-login'],
    ])
    expect(await claims()).toEqual({ n: 'A' })
    const [, second] = body.bindings
    expect((await bind(['binding_id', second.id], ['action_id', b.id])).body.bindings.map(({ id }: Json) => id)).toEqual([second.id, body.bindings[0].id])
    expect(await claims()).toEqual({ n: 'B' })
    expect((await service.api('GET', 'actions/triggers/post-login/bindings?per_page=1&page=1')).body).toMatchObject({
      total: 2,
      page: 1,
      per_page: 1,
      bindings: [{ action: { id: b.id } }],
    })

    for (const [refs, message] of [
      [[['action_name', 'nobody']], /does not exist/],
      [[['action_id', draft.id]], /not deployed/],
      [
        [
          ['action_id', a.id],
          ['action_name', a.name],
        ],
        /twice/,
      ],
    ] as const) {
      expect(await bind(...(refs as unknown as [string, string][]))).toMatchObject({ status: 400, body: { message: expect.stringMatching(message) } })
    }
    const other = await scene.deployed('exports.onExecuteCredentialsExchange = async () => {}', {
      supported_triggers: [{ id: 'credentials-exchange', version: 'v2' }],
    })
    expect((await bind(['action_id', other.id])).body.message).toMatch(/another trigger/)
    expect((await bind(...Array.from({ length: 21 }, (): [string, string] => ['action_id', a.id]))).status).toBe(400)
    expect((await service.api('GET', 'actions/triggers/nothing/bindings')).status).toBe(404)

    expect(await service.api('DELETE', `actions/actions/${a.id}`)).toMatchObject({ status: 400, body: { message: expect.stringMatching(/bound/) } })
    expect((await service.api('DELETE', `actions/actions/${a.id}?force=true`)).status).toBe(204)
    expect((await service.api('GET', 'actions/triggers/post-login/bindings')).body.bindings.map(({ action }: Json) => action.id)).toEqual([b.id])
    expect(await service.api('GET', `actions/actions/${a.id}`)).toMatchObject({ status: 404, body: { message: 'That action does not exist.' } })
    expect((await service.api('DELETE', `actions/actions/${a.id}`)).status).toBe(404)

    expect((await bind()).body).toEqual({ bindings: [] })
    expect(await claims()).toEqual({})
    expect((await service.api('DELETE', `actions/actions/${b.id}`)).status).toBe(204)
  })

  it('made at the same time as their Action is deleted leave no binding without an Action', async () => {
    for (let n = 0; n < 3; n++) {
      const action = await scene.deployed(claim('1'))
      const bind = service.api('PATCH', 'actions/triggers/post-login/bindings', { bindings: [{ ref: { type: 'action_id', value: action.id } }] })
      const [bound, deleted] = await Promise.all([bind, service.api('DELETE', `actions/actions/${action.id}`)])
      expect([bound.status, deleted.status]).toEqual(bound.status === 200 ? [200, 400] : [400, 204])
      await scene.bind('post-login')
    }
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

describe('X7: the console', () => {
  it('is kept to 256 characters, and whole for who watches', async () => {
    await scene.use(`console.log('x'.repeat(300)); console.warn('second')`)
    const watching = await fetch(`${service.url}api/v2/actions/logs/stream`, {
      headers: { authorization: `Bearer ${await service.managementToken(['read:actions'])}` },
    })
    expect(watching.headers.get('content-type')).toBe('text/event-stream')
    const reader = watching.body!.pipeThrough(new TextDecoderStream()).getReader()
    const outcome = await scene.run(aLogin())
    let text = ''
    while (!text.includes('second')) text += (await reader.read()).value ?? ''
    await reader.cancel()
    const lines = [...text.matchAll(/^data: (.*)$/gm)].map(([, line]) => JSON.parse(line!))
    expect(lines).toMatchObject([
      { level: 'log', text: 'x'.repeat(300), execution_id: outcome.execution.id, trigger_id: 'post-login' },
      { level: 'warn', text: 'second' },
    ])
    const { body } = await service.api('GET', `actions/executions/${outcome.execution.id}`)
    expect(body).toEqual({
      id: outcome.execution.id,
      trigger_id: 'post-login',
      status: 'final',
      results: [expect.objectContaining({ logs: 'x'.repeat(256), version_number: 1, started_at: expect.any(String), ended_at: expect.any(String) })],
      created_at: expect.any(String),
      updated_at: expect.any(String),
    })
    await scene.bind('post-login')
    expect(await service.api('GET', 'actions/executions/nowhere')).toMatchObject({ status: 404, body: { message: 'That execution does not exist.' } })
  })
})

describe('X8: a test run', () => {
  it('answers commands and console of the draft on an example, and leaves nothing behind', async () => {
    const action = await scene.create(
      `exports.onExecutePostLogin = async (event, api) => { console.log('for', event.user.name, event.secrets.S, event.client.name); api.user.setUserMetadata('seen', true); api.refreshToken.setMetadata('a', event.request.geoip.country_code) }`,
      { secrets: [{ name: 'S', value: 'secret-value-1' }] },
    )
    const counted = async (): Promise<unknown> => (await service.pool.query('select (select count(*) from action_executions) as n')).rows
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

describe('triggers', () => {
  it('are listed for deploy tools, with those that do not run here', async () => {
    const { body } = await service.api('GET', 'actions/triggers')
    expect(new Set(body.triggers.map(({ id }: Json) => id))).toEqual(
      new Set(
        'post-login credentials-exchange pre-user-registration post-user-registration post-change-password send-phone-message password-reset-post-challenge custom-token-exchange custom-phone-provider custom-email-provider'.split(
          ' ',
        ),
      ),
    )
    expect(body.triggers[0]).toEqual({
      id: 'post-login',
      version: 'v3',
      status: 'CURRENT',
      runtimes: expect.arrayContaining(['node22']),
      default_runtime: 'node22',
      binding_policy: 'trigger-bound',
      compatible_triggers: [{ id: 'post-login', version: 'v2' }],
    })
    const inert = await scene.deployed('exports.onExecutePostUserRegistration = async () => {}', {
      supported_triggers: [{ id: 'post-user-registration', version: 'v2' }],
    })
    await scene.bind('post-user-registration', inert)
    expect((await service.api('GET', 'actions/triggers/post-user-registration/bindings')).body).toMatchObject({ total: 1 })
  })
})

describe('a list of Actions', () => {
  it('is paged by number, narrowed by trigger, name and whether they are deployed', async () => {
    const action = await scene.deployed(claim('1'), { name: 'Listed' })
    const { body } = await service.api('GET', 'actions/actions?actionName=Listed')
    expect(body).toEqual({ actions: [action], total: 1, page: 0, per_page: 20 })
    expect((await service.api('GET', 'actions/actions?triggerId=credentials-exchange')).body.total).toBe(1)
    const all = (await service.api('GET', 'actions/actions?per_page=100')).body
    const deployed = (await service.api('GET', 'actions/actions?per_page=100&deployed=true')).body
    const drafts = (await service.api('GET', 'actions/actions?per_page=100&deployed=false')).body
    expect(deployed.total + drafts.total).toBe(all.total)
    expect((await service.api('GET', `actions/actions?per_page=1&page=${all.total}`)).body).toEqual({
      actions: [],
      total: all.total,
      page: all.total,
      per_page: 1,
    })
    expect((await service.api('GET', 'actions/actions?installed=true')).body.total).toBe(0)
    expect((await service.api('GET', 'actions/actions?include_totals=true')).status).toBe(400)
    expect((await service.api('GET', 'actions/actions?triggerId=x')).status).toBe(400)
    expect((await service.api('GET', 'actions/modules')).body).toMatchObject({ modules: [], total: 0 })
  })
})

describe('what is refused', () => {
  it.each([
    ['a trigger that nobody knows', { supported_triggers: [{ id: 'x' }] }, /No enum match for: x/],
    ['no trigger', { supported_triggers: [] }, /Array is too short/],
    ['a version that the trigger does not have', { supported_triggers: [{ id: 'post-login', version: 'v9' }] }, /No enum match for: v9/],
    ['a runtime', { runtime: 'node9' }, /No enum match/],
    ['too much code', { code: 'x'.repeat(100_001) }, /too long/],
    ['too many secrets', { secrets: Array.from({ length: 31 }, (_, n) => ({ name: `S${n}`, value: 'x' })) }, /too long \(31\)/],
    ['a secret without a value', { secrets: [{ name: 'S' }] }, /Missing required property: value/],
    [
      'one secret twice',
      {
        secrets: [
          { name: 'S', value: '1' },
          { name: 'S', value: '2' },
        ],
      },
      /not unique/,
    ],
    ['a value that is too long', { secrets: [{ name: 'S', value: 'x'.repeat(4097) }] }, /too long/],
    ['too many dependencies', { dependencies: Array.from({ length: 11 }, (_, n) => ({ name: `p${n}`, version: '1.0.0' })) }, /too long \(11\)/],
    ['a dependency from an address', { dependencies: [{ name: 'x', version: 'https://evil.example/x.tgz' }] }, /does not match pattern/],
    ['a dependency from a repository', { dependencies: [{ name: 'x', version: 'git+ssh://git@example.com/x' }] }, /does not match pattern/],
    ['a dependency from a folder', { dependencies: [{ name: 'x', version: 'file:../../etc' }] }, /does not match pattern/],
    ['a dependency whose name is a path', { dependencies: [{ name: '../x', version: '1' }] }, /does not match pattern/],
    ['an alias', { dependencies: [{ name: 'x', version: 'npm:evil@1' }] }, /does not match pattern/],
    ['an address as a host', { allowed_hosts: ['https://x.example/'] }, /format host/],
    ['modules', { modules: [{ module_id: 'x' }] }, /too long/],
    ['a member that nobody knows', { nonsense: 1 }, /Additional properties not allowed: nonsense/],
  ])('%s', async (_, over, message) => {
    const answer = await service.api('POST', 'actions/actions', { name: 'Refused', supported_triggers: TRIGGER, code: '', ...over })
    expect(answer).toMatchObject({ status: 400, body: { errorCode: 'invalid_body', message: expect.stringMatching(message) } })
  })

  it('a name that is taken, another trigger, and the 101st Action', async () => {
    const action = await scene.deployed(claim('1'), { name: 'Taken' })
    expect((await service.api('POST', 'actions/actions', { name: 'Taken', supported_triggers: TRIGGER, code: '' })).status).toBe(409)
    const other = await scene.create(claim('1'))
    expect((await service.api('PATCH', `actions/actions/${other.id}`, { name: 'Taken' })).status).toBe(409)
    expect((await service.api('PATCH', `actions/actions/${action.id}`, { supported_triggers: [{ id: 'credentials-exchange' }] })).status).toBe(400)
    const { total } = (await service.api('GET', 'actions/actions')).body
    const rest = await Promise.all(
      Array.from({ length: 103 - total }, (_, n) => service.api('POST', 'actions/actions', { name: `Many ${n}`, supported_triggers: TRIGGER, code: '' })),
    )
    expect(rest.filter(({ status }) => status === 201)).toHaveLength(100 - total)
    expect(rest.find(({ status }) => status !== 201)).toMatchObject({ status: 403, body: { errorCode: 'too_many_entities' } })
  })

  it('who has not the scope', async () => {
    const routes = [
      ['GET', 'actions/actions', 'read:actions'],
      ['POST', 'actions/actions', 'create:actions'],
      ['GET', 'actions/actions/x', 'read:actions'],
      ['PATCH', 'actions/actions/x', 'update:actions'],
      ['DELETE', 'actions/actions/x', 'delete:actions'],
      ['POST', 'actions/actions/x/deploy', 'create:actions'],
      ['POST', 'actions/actions/x/test', 'create:actions'],
      ['GET', 'actions/actions/x/versions', 'read:actions'],
      ['GET', 'actions/actions/x/versions/y', 'read:actions'],
      ['POST', 'actions/actions/x/versions/y/deploy', 'create:actions'],
      ['GET', 'actions/triggers', 'read:actions'],
      ['GET', 'actions/triggers/post-login/bindings', 'read:actions'],
      ['PATCH', 'actions/triggers/post-login/bindings', 'update:actions'],
      ['GET', 'actions/executions/x', 'read:actions'],
      ['GET', 'actions/logs/stream', 'read:actions'],
    ] as const
    const authorization = `Bearer ${await service.managementToken(['read:users'])}`
    for (const [method, path, scope] of routes) {
      const { status, body } = await service.api(method, path, method === 'GET' ? undefined : {}, { authorization })
      expect({ method, path, status, message: body.message }).toEqual({ method, path, status: 403, message: `Insufficient scope, expected any of: ${scope}` })
    }
  })
})
