import type { ClientDocument } from '../../src/authorization/index.js'
import { ActionsScene, claiming, POST_LOGIN } from '../support/actions.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { type Answer, claimsOf, OAuthScene } from '../support/oauth.js'

let service: TestApp
let scene: ActionsScene
beforeAll(async () => {
  service = await startApp()
  scene = new ActionsScene(service)
})
afterAll(() => service.close())

describe('X3: bindings', () => {
  it('are the whole list in the order of execution, named by id, name or binding', async () => {
    const [a, b] = [await scene.deployed(claiming(`(event.transaction.metadata.n ?? '') + 'A'`)), await scene.deployed(claiming(`'B'`))]
    const draft = await scene.create(claiming('1'))
    const bind = (...refs: readonly [string, string][]) =>
      service.api('PATCH', 'actions/triggers/post-login/bindings', { bindings: refs.map(([type, value]) => ({ ref: { type, value }, display_name: 'shown' })) })

    const { status, body } = await bind(['action_name', b.name], ['action_name', a.name])
    expect(status).toBe(200)
    expect(body.bindings.map(({ action, display_name, trigger_id }: Json) => [action.name, display_name, trigger_id])).toEqual([
      [b.name, 'shown', 'post-login'],
      [a.name, 'shown', 'post-login'],
    ])
    expect(await scene.claims()).toEqual({ n: 'A' })
    expect((await bind(['action_name', b.name])).body.bindings.map(({ id }: Json) => id)).toEqual([body.bindings[0].id])
    expect(await scene.claims()).toEqual({ n: 'B' })
    const [, second] = (await bind(['action_name', b.name], ['action_name', a.name])).body.bindings
    expect((await bind(['binding_id', second.id], ['action_id', b.id])).body.bindings.map(({ id }: Json) => id)).toEqual([second.id, body.bindings[0].id])
    expect(await scene.claims()).toEqual({ n: 'B' })
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
    expect(await scene.claims()).toEqual({})
    expect((await service.api('DELETE', `actions/actions/${b.id}`)).status).toBe(204)
  })

  it('made at the same time as their Action is deleted leave no binding without an Action', async () => {
    for (let n = 0; n < 3; n++) {
      const action = await scene.deployed(claiming('1'))
      const bind = service.api('PATCH', 'actions/triggers/post-login/bindings', { bindings: [{ ref: { type: 'action_id', value: action.id } }] })
      const [bound, deleted] = await Promise.all([bind, service.api('DELETE', `actions/actions/${action.id}`)])
      expect([bound.status, deleted.status]).toEqual(bound.status === 200 ? [200, 400] : [400, 204])
      await scene.bind('post-login')
    }
  })
})

describe('X9: an import', () => {
  it('that deploy tools repeat changes nothing: neither Actions nor versions nor bindings', async () => {
    const tenant = [
      {
        name: 'Imported one',
        code: claiming('1'),
        runtime: 'node22',
        dependencies: [],
        secrets: [{ name: 'K', value: 'a-value-of-a-secret' }],
        supported_triggers: POST_LOGIN,
      },
      { name: 'Imported two', code: claiming('2'), runtime: 'node22', dependencies: [], secrets: [], supported_triggers: POST_LOGIN },
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
    expect(await scene.claims()).toEqual({ n: 2 })
    await scene.bind('post-login')
  })
})

describe('X6: bombs', () => {
  it('of one client end, and the exchanges of another all succeed', async () => {
    const oauth = new OAuthScene(service)
    await oauth.api()
    const [heap, buffers, healthy] = [await oauth.client(), await oauth.client(), await oauth.client()]
    const held = async (client: ClientDocument): Promise<() => Promise<Answer>> => {
      const { refreshToken } = await oauth.refreshToken(client, await oauth.user())
      return () => oauth.refresh(client, refreshToken)
    }
    await scene.use(
      `const { client_id } = event.client; const all = [];
       if (client_id === '${heap.client_id}') while (true) all.push(new Array(1000).fill(Math.random()));
       if (client_id === '${buffers.client_id}') for (;;) { all.push(Buffer.alloc(8e6, 1)); await null }
       api.idToken.setCustomClaim('fine', 1)`,
    )
    const exchanges = [await held(heap), await held(buffers)]
    for (let n = 0; n < 20; n++) exchanges.push(await held(healthy))
    const before = process.memoryUsage().rss
    const [first, second, ...others] = await Promise.all(exchanges.map((exchange) => exchange()))
    for (const bomb of [first, second]) {
      expect(bomb).toMatchObject({ status: 403, body: { error: 'access_denied', error_description: 'The execution of an Action exceeded its memory limit.' } })
    }
    expect(others.map(({ status, body }) => [status, body.error ?? (claimsOf(body.id_token) as Json).fine])).toEqual(Array(20).fill([200, 1]))
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6)
    await scene.bind('post-login')
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
    const warning = await eventually(async () => (await service.api('GET', 'logs?q=type:w')).body[0])
    expect(warning.description).toBe('Actions are bound to post-user-registration, which this service does not run.')
  })
})

describe('a list of Actions', () => {
  it('is paged by number, narrowed by trigger, name and whether they are deployed', async () => {
    const action = await scene.deployed(claiming('1'), { name: 'Listed' })
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
    const answer = await service.api('POST', 'actions/actions', { name: 'Refused', supported_triggers: POST_LOGIN, code: '', ...over })
    expect(answer).toMatchObject({ status: 400, body: { errorCode: 'invalid_body', message: expect.stringMatching(message) } })
  })

  it('a name that is taken, another trigger, and the 101st Action', async () => {
    const action = await scene.deployed(claiming('1'), { name: 'Taken' })
    expect((await service.api('POST', 'actions/actions', { name: 'Taken', supported_triggers: POST_LOGIN, code: '' })).status).toBe(409)
    const other = await scene.create(claiming('1'))
    expect((await service.api('PATCH', `actions/actions/${other.id}`, { name: 'Taken' })).status).toBe(409)
    expect((await service.api('PATCH', `actions/actions/${action.id}`, { id: action.id })).status).toBe(200)
    expect((await service.api('PATCH', `actions/actions/${action.id}`, { id: other.id })).status).toBe(400)
    expect((await service.api('PATCH', `actions/actions/${action.id}`, { supported_triggers: [{ id: 'credentials-exchange' }] })).status).toBe(400)
    const older = await service.api('PATCH', `actions/actions/${other.id}`, { supported_triggers: [{ id: 'post-login', version: 'v2' }] })
    expect(older).toMatchObject({ status: 200, body: { supported_triggers: [{ id: 'post-login', version: 'v2' }] } })
    const same = await service.api('PATCH', `actions/actions/${other.id}`, { supported_triggers: [{ id: 'post-login' }] })
    expect(same.body.supported_triggers).toMatchObject([{ version: 'v2' }])
    const { total } = (await service.api('GET', 'actions/actions')).body
    const rest = await Promise.all(
      Array.from({ length: 103 - total }, (_, n) => service.api('POST', 'actions/actions', { name: `Many ${n}`, supported_triggers: POST_LOGIN, code: '' })),
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
