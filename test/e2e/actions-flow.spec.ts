import { CommandBus } from '@nestjs/cqrs'
import { type Denied, RunPostLogin } from '../../src/actions/index.js'
import { ActionsSandbox } from '../../src/actions/run/actions-sandbox.js'
import { ActionsScene, aLogin, anExchange } from '../support/actions.js'
import { startApp, type TestApp } from '../support/app.js'
import { eventually, shortest } from '../support/eventually.js'
import { anotherWorker } from '../support/oauth.js'
import { recorded } from '../support/recorded.js'

let service: TestApp
let scene: ActionsScene
beforeAll(async () => {
  service = await startApp()
  scene = new ActionsScene(service)
})
afterAll(() => service.close())

describe('Actions in sequence', () => {
  test('each has an event of its own; what one sets of the user is there for the next, and not yet for itself', async () => {
    await scene.use(
      `event.user.name = 'changed'; event.client.metadata.x = 1; api.user.setUserMetadata('a', { deep: [1] }); api.user.setUserMetadata('gone', null); api.user.setAppMetadata('b', 2);
       api.user.setUserMetadata('never', 1); api.user.setUserMetadata('never', undefined); api.idToken.setCustomClaim('own', [event.user.user_metadata, event.user.app_metadata])`,
      `api.idToken.setCustomClaim('next', [event.user.name, event.client.metadata, event.user.user_metadata, event.user.app_metadata])`,
    )
    const outcome = await scene.allowed(aLogin({ user: { ...aLogin().user, user_metadata: { gone: 1, kept: 1 } } }))
    expect(outcome.claims.idToken).toEqual({
      own: [{ gone: 1, kept: 1 }, {}],
      next: ['Ada', {}, { kept: 1, a: { deep: [1] } }, { b: 2 }],
    })
    expect(outcome.user).toEqual({ user_metadata: { a: { deep: [1] }, gone: null }, app_metadata: { b: 2 } })
  })

  test('the event has what the flow gave, what the tenant is, and nothing that was not there', async () => {
    await scene.use(`api.idToken.setCustomClaim('event', event)`)
    const { event } = (await scene.claims()) as { event: Record<string, unknown> }
    expect(Object.keys(event).sort()).toEqual(
      'authentication authorization client configuration connection request resource_server secrets session stats tenant transaction user'.split(' '),
    )
    expect(event).toMatchObject({
      tenant: { id: 'localhost' },
      secrets: {},
      configuration: {},
      request: { geoip: {}, query: { scope: 'openid profile offline_access' } },
      transaction: { metadata: {}, requested_scopes: ['openid', 'profile', 'offline_access'] },
      user: { user_metadata: {}, app_metadata: {} },
    })
    expect(event['request']).not.toHaveProperty('asn')
    const exchange = ((await scene.claims(anExchange({ a: '1' }))) as { event: Record<string, unknown> }).event
    expect(exchange['refresh_token']).toMatchObject({ metadata: { a: '1' }, access: 'offline' })
    expect(exchange).not.toHaveProperty('session')
  })

  test('a session’s metadata and cookie are seen at once, and by the next', async () => {
    const show = `[event.session.metadata, event.session.cookie.mode]`
    await scene.use(
      `api.session.setMetadata('a', '1'); api.session.setCookieMode('non-persistent'); api.idToken.setCustomClaim('own', ${show})`,
      `api.session.setMetadata('b', '2'); api.idToken.setCustomClaim('next', ${show})`,
    )
    const outcome = await scene.allowed(aLogin())
    expect(outcome.claims.idToken).toEqual({ own: [{ a: '1' }, 'non-persistent'], next: [{ a: '1', b: '2' }, 'non-persistent'] })
    expect(outcome.session).toEqual({
      operations: [
        { op: 'set', key: 'a', value: '1' },
        { op: 'set', key: 'b', value: '2' },
      ],
      cookieMode: 'non-persistent',
    })
  })

  test('a reason that comes from an Action is fit for a URL and a log', async () => {
    await scene.use(`api.access.deny('a\\r\\nSet-Cookie: x=1' + String.fromCharCode(0) + 'y'.repeat(2000))`)
    const { description } = (await scene.run(aLogin())) as Denied
    expect(description).toMatch(/^aSet-Cookie: x=1y+$/)
    expect(description).toHaveLength(1024)
    await scene.use(`api.access.deny({ toString: () => 'from an object' })`)
    expect(await scene.run(aLogin())).toMatchObject({ description: 'from an object' })
  })
})

describe('what this service does not have', () => {
  test('does nothing where that is harmless, and says so', async () => {
    await scene.use(
      `const out = []
       out.push(api.samlResponse.setAttribute('a', 'b') === api, api.rules.wasExecuted('x'), await api.groups.getUserGroups(), await api.groups.hasGroupMembership(['g']))
       for (const call of [() => api.groups.getUserGroups({ from: 1 }), () => api.groups.getUserGroups({ take: 0 }), () => api.groups.hasGroupMembership([]), () => api.roles.getUserEffectiveRolesByIds('x'), () => api.roles.getUserEffectiveRolesByNames([1])])
         out.push(await call().catch((e) => e.message))
       for (const call of [() => api.prompt.render('p', { fields: { '1x': 1 } }), () => api.prompt.render('p', { vars: { a: 'ü'.repeat(12300) } }), () => api.authentication.enrollWith({ type: 'email' })])
         try { call() } catch (e) { out.push(e.message) }
       api.idToken.setCustomClaim('out', out); api.idToken.setCustomClaim('namespaces', Object.keys(api).sort().join(' '))`,
    )
    const outcome = await scene.allowed(aLogin())
    expect(outcome.claims.idToken).toEqual({
      namespaces:
        'access accessToken authentication cache groups idToken multifactor prompt redirect refreshToken roles rules samlResponse session transaction user validation',
      out: [
        true,
        false,
        { groups: [] },
        { memberships: { g: { is_member: false } } },
        'The "from" parameter must be a string if provided.',
        'The "take" parameter must be a positive integer if provided.',
        'The "groups" parameter must be a non-empty array of strings.',
        'The "ids" parameter must be a non-empty array of strings.',
        'The "names" parameter must be a non-empty array of strings.',
        'fields property names must match pattern "^[a-zA-Z_][a-zA-Z0-9_]{0,49}$"',
        'The total size of the prompt options exceeds the limit of 24576 bytes.',
        'factor type must be equal to one of the allowed values',
      ],
    })
    expect(outcome.warnings).toContain('api.samlResponse.setAttribute has no effect here.')
  })

  test('ends the flow where going on without it would not be safe', async () => {
    const calls = {
      'authentication.challengeWith': `{ type: 'otp' }`,
      'authentication.enrollWithAny': `[{ type: 'push-notification' }]`,
      'authentication.setPrimaryUser': `'auth0|other'`,
      'prompt.render': `'ap_1', { fields: { a: 1 } }`,
      'roles.getUserEffectiveRoles': `{ take: 5 }`,
      'roles.getUserEffectiveRolesByIds': `['rol_1']`,
      'roles.getUserEffectiveRolesByNames': `['admin']`,
    }
    const table = Object.entries(calls).map(([method, args]) => `'${method}': () => api.${method}(${args})`)
    await scene.use(`({ ${table.join(', ')} })[event.request.query.method](); api.user.setUserMetadata('x', 1)`)
    for (const method of Object.keys(calls)) {
      const outcome = await scene.run(aLogin({ request: { ...aLogin().request, query: { method } } }))
      expect(outcome).toMatchObject({
        kind: 'denied',
        error: 'access_denied',
        description: `api.${method} is not available here.`,
        user: { user_metadata: {} },
      })
    }
  })
})

test('the cache is shared by the Actions of a trigger, and tells what does not fit', async () => {
  await scene.use(
    `const out = []
     out.push(api.cache.get('k') === undefined, api.cache.delete('k').code)
     const set = api.cache.set('k', 'v', { ttl: 60000 }); out.push(set.type, set.record.value, api.cache.get('k').value)
     out.push(api.cache.set('x'.repeat(65), 'v').code, api.cache.set('k2', 'v'.repeat(4097)).code, api.cache.set('k2', 'v', { ttl: 'x' }).code, api.cache.set('k2', 'v', { expires_at: 1 }).code, api.cache.set('k2', 1).code)
     for (let n = 0; n < 4; n++) out.push(api.cache.set('big' + n, 'v'.repeat(4090)).type)
     out.push(api.cache.set('big4', 'v'.repeat(4090)).code)
     for (let n = 0; n < 4; n++) api.cache.delete('big' + n)
     api.idToken.setCustomClaim('out', out)`,
    `api.idToken.setCustomClaim('next', api.cache.get('k')?.value)`,
  )
  const expected = [
    true,
    'CacheKeyDoesNotExist',
    'success',
    'v',
    'v',
    'CacheKeySizeExceeded',
    'CacheValueSizeExceeded',
    'InvalidExpiry',
    'ItemAlreadyExpired',
    'FailedToSetCacheRecord',
  ]
  expect(await scene.claims()).toEqual({ out: [...expected, 'success', 'success', 'success', 'success', 'CacheSizeExceeded'], next: 'v' })
  await scene.use(`api.idToken.setCustomClaim('later', api.cache.get('k').value); api.cache.delete('k')`)
  expect(await scene.claims()).toEqual({ later: 'v' })
  await scene.use(`api.idToken.setCustomClaim('gone', api.cache.get('k') === undefined)`)
  expect(await scene.claims()).toEqual({ gone: true })
})

test('an Action whose wishes cannot be leaves nothing in the cache, as if it had thrown', async () => {
  await scene.use(`api.cache.set('left', 'v'); api.prompt.render('form'); api.redirect.sendUserTo('https://elsewhere.example/')`)
  expect(await scene.denied(aLogin())).toMatchObject({ why: 'action_error' })
  await scene.use(`api.idToken.setCustomClaim('gone', api.cache.get('left') === undefined)`)
  expect(await scene.claims()).toEqual({ gone: true })
})

test('a value that is nested too deeply is refused, whoever sent it', async () => {
  const body = { claims: '['.repeat(5000) + ']'.repeat(5000) }
  const event = aLogin({ request: { ...aLogin().request, body } })
  await scene.use(`api.idToken.setCustomClaim('sent', JSON.parse(event.request.body.claims))`)
  expect(await scene.denied(event)).toMatchObject({ why: 'action_error', description: 'The value of the "sent" claim is not serializable.' })
})

describe('a new version', () => {
  test('under load loses no request and mixes with no older one', async () => {
    const code = (n: number): string => `exports.onExecutePostLogin = async (event, api) => { await null; api.idToken.setCustomClaim('n', ${n}) }`
    const [action] = await scene.use(code(0))
    let stop = false
    const seen: number[] = []
    const callers = Array.from({ length: 4 }, async () => {
      while (!stop) seen.push(((await scene.claims()) as { n: number }).n)
    })
    for (let n = 1; n <= 5; n++) {
      await service.api('PATCH', `actions/actions/${action!.id}`, { code: code(n) })
      await scene.built(action!.id)
      expect((await service.api('POST', `actions/actions/${action!.id}/deploy`)).status).toBe(200)
      // Whoever asks after the answer gets it.
      expect(await scene.claims()).toEqual({ n })
    }
    stop = true
    await Promise.all(callers)
    expect(seen.length).toBeGreaterThan(10)
  })

  test('is run by every worker within a second', async () => {
    const other = await anotherWorker(service)
    try {
      const elsewhere = async (): Promise<unknown> => {
        const outcome = await other.scene.service.app.get(CommandBus).execute(new RunPostLogin(aLogin(), {}))
        return outcome.kind === 'allowed' && outcome.claims.idToken['n']
      }
      const [action] = await scene.use(`api.idToken.setCustomClaim('n', 0)`)
      await eventually(async () => (await elsewhere()) === 0)
      let n = 0
      const untilRun = async (): Promise<number> => {
        n++
        await service.api('PATCH', `actions/actions/${action!.id}`, {
          code: `exports.onExecutePostLogin = async (event, api) => api.idToken.setCustomClaim('n', ${n})`,
        })
        await scene.built(action!.id)
        await service.api('POST', `actions/actions/${action!.id}/deploy`)
        const deployedAt = performance.now()
        let last = 0
        while ((await elsewhere()) !== n) last = performance.now() - deployedAt
        return last
      }
      expect(await shortest(1000, untilRun)).toBeLessThan(1000)
      await scene.bind('post-login')
      await eventually(async () => (await elsewhere()) === undefined)
    } finally {
      await other.close()
    }
  })
})

test('where no runner can be had, nothing is issued', async () => {
  const alone = await startApp()
  try {
    const there = new ActionsScene(alone)
    await there.use(`api.idToken.setCustomClaim('fine', 1)`)
    expect((await there.run(aLogin())).kind).toBe('allowed')
    alone.app.get(ActionsSandbox, { strict: false }).close()
    expect(await there.run(aLogin())).toMatchObject({
      kind: 'denied',
      why: 'platform_error',
      error: 'server_error',
      description: 'The Actions runtime is unavailable.',
    })
    expect((await recorded(alone, 'ActionExecutionFailed')).at(-1)!.data['errorClass']).toBe('platform_error')
  } finally {
    await alone.close()
  }
})
