import { CommandBus } from '@nestjs/cqrs'
import {
  type Allowed,
  ContinuePostLogin,
  type CredentialsExchangeEvent,
  type CredentialsExchangeOutcome,
  type Denied,
  eventClient,
  eventRequest,
  type Redirected,
  RunCredentialsExchange,
  RunPostLogin,
} from '../../src/actions/index.js'
import { ExecutionLog } from '../../src/actions/executions/execution-log.js'
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
    expect(description).toMatch(/^a {2}Set-Cookie: x=1 y+$/)
    expect(description).toHaveLength(1024)
    await scene.use(`api.access.deny({ toString: () => 'from an object' })`)
    expect(await scene.run(aLogin())).toMatchObject({ description: 'from an object' })
  })
})

describe('a redirect', () => {
  const start = `
    const token = api.redirect.encodeToken({ secret: 'shared', payload: { step: 1 }, expiresInSeconds: 60 })
    api.user.setUserMetadata('started', true); api.refreshToken.setMetadata('kept', '1'); api.transaction.setMetadata('t', 'x'); api.idToken.setCustomClaim('first', 1)
    api.redirect.sendUserTo('https://app.example.com/terms', { query: { session_token: token, lang: 'de' } })`

  test('suspends the chain and goes on in the same Action, then in those after it', async () => {
    await scene.use(
      `api.idToken.setCustomClaim('before', (globalThis.runs = (globalThis.runs ?? 0) + 1))`,
      `exports.onExecutePostLogin = async (event, api) => { if (api.redirect.canRedirect()) { ${start} } };
       exports.onContinuePostLogin = async (event, api) => {
         const payload = api.redirect.validateToken({ secret: 'shared' })
         api.authentication.recordMethod('https://app.example.com/terms')
         api.idToken.setCustomClaim('back', [payload.answer, event.transaction.metadata.t, event.request.query.lang])
       }`,
      `api.idToken.setCustomClaim('after', event.authentication.methods.at(-1).name)`,
    )
    const sent = (await scene.run(aLogin())) as Redirected
    expect(sent).toMatchObject({ kind: 'redirected', user: { user_metadata: { started: true } } })
    const url = new URL(sent.url)
    expect(url.origin + url.pathname + url.searchParams.get('lang')).toBe('https://app.example.com/termsde')
    const [, payload] = url.searchParams.get('session_token')!.split('.')
    const claimsOfToken = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as { iat: number }
    expect(claimsOfToken).toMatchObject({ iss: 'auth.example.com', sub: 'auth0|ada', ip: '192.0.2.9', step: 1, exp: claimsOfToken.iat + 60 })

    // As the flow keeps it meanwhile.
    const suspended = JSON.parse(JSON.stringify(sent.suspended)) as Redirected['suspended']
    const answer = await hs256({ state: 'the-state', sub: 'auth0|ada', exp: claimsOfToken.iat + 60, answer: 'yes' }, 'shared')
    const back = (token: string) => aLogin({ request: { ...aLogin().request, query: { session_token: token, lang: 'de' } } })
    const goOn = (token: string, state = 'the-state') => service.commands.execute(new ContinuePostLogin(back(token), {}, suspended, state))
    const outcome = (await goOn(answer)) as Allowed
    expect(outcome).toMatchObject({
      kind: 'allowed',
      claims: { idToken: { before: 1, first: 1, back: ['yes', 'x', 'de'], after: 'https://app.example.com/terms' } },
      refreshToken: { operations: [{ op: 'set', key: 'kept', value: '1' }] },
      user: { user_metadata: {} },
      methods: ['https://app.example.com/terms'],
    })
    expect(outcome.execution.id).toBe(sent.execution.id)
    expect(outcome.execution.actions).toHaveLength(4)
    const shown = async () => (await service.api('GET', `actions/executions/${sent.execution.id}`)).body
    await eventually(async () => (await shown()).status === 'final')
    expect((await shown()).results).toHaveLength(4)

    for (const [token, state, why] of [
      [answer, 'another', 'state does not match'],
      [await hs256({ state: 'the-state', sub: 'auth0|eve' }, 'shared'), 'the-state', 'sub does not match'],
      [await hs256({ state: 'the-state' }, 'other secret'), 'the-state', 'invalid signature'],
      [await hs256({ state: 'the-state', exp: 1 }, 'shared'), 'the-state', 'jwt expired'],
      [await hs256({ state: 'the-state' }, 'shared', 'none'), 'the-state', 'invalid algorithm'],
      ['nonsense', 'the-state', 'jwt malformed'],
    ] as const) {
      expect(await goOn(token, state)).toMatchObject({ kind: 'denied', description: `The session token is invalid: ${why}` })
    }
    expect(await goOn('')).toMatchObject({ description: `There is no parameter called 'session_token' available in either the POST body or query string.` })

    await scene.bind('post-login')
    expect(await goOn(answer)).toMatchObject({ kind: 'denied', why: 'platform_error', error: 'server_error' })
  })

  test('is one execution, also where its parts are written down at the same time', async () => {
    const log = service.app.get(ExecutionLog)
    const part = (status: 'suspended' | 'final', number: number) => {
      const at = new Date().toISOString()
      const result = { action_name: 'A', action_id: 'a', version_id: 'v', number, started_at: at, ended_at: at, failed: false }
      return Promise.resolve({ id: 'both-parts', triggerId: 'post-login', status, results: [result], startedAt: new Date() })
    }
    log.add(part('suspended', 1))
    log.add(part('final', 2))
    await log.flushed()
    const { body } = await service.api('GET', 'actions/executions/both-parts')
    expect(body).toMatchObject({ status: 'final', results: [{ version_number: 1 }, { version_number: 2 }] })
  })

  test('that cannot be made is an error, of the flow or of the Action', async () => {
    await scene.use(`api.redirect.sendUserTo('https://app.example.com/')`)
    const interaction = { kind: 'denied', why: 'interaction-required', error: 'interaction_required' }
    expect(await scene.run(anExchange())).toMatchObject(interaction)
    expect(await scene.run(aLogin({ request: { ...aLogin().request, query: { prompt: 'none' } } }))).toMatchObject(interaction)
    await scene.use(`api.redirect.sendUserTo(event.request.query.url)`)
    for (const url of ['nowhere', 'javascript:alert(1)', 'file:///etc/passwd']) {
      expect(await scene.run(aLogin({ request: { ...aLogin().request, query: { url } } }))).toMatchObject({ kind: 'denied', description: 'Invalid URL' })
    }
    await scene.use(`exports.onExecutePostLogin = async (event, api) => api.redirect.sendUserTo('https://x.example/')`)
    const { suspended } = (await scene.run(aLogin())) as Redirected
    expect(await service.commands.execute(new ContinuePostLogin(aLogin(), {}, suspended, 's'))).toMatchObject({
      kind: 'denied',
      description: expect.stringContaining('Invalid function signature for the "onContinuePostLogin" handler.'),
    })
  })

  async function hs256(payload: object, secret: string, alg = 'HS256'): Promise<string> {
    const { createHmac } = await import('node:crypto')
    const input = [{ alg, typ: 'JWT' }, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
})

describe('what this service does not have', () => {
  test('does nothing where that is harmless, and says so', async () => {
    await scene.use(
      `const out = []
       out.push(api.samlResponse.setAttribute('a', 'b') === api, api.rules.wasExecuted('x'), await api.groups.getUserGroups(), await api.groups.hasGroupMembership(['g']), await api.roles.getUserEffectiveRoles({ take: 5 }))
       for (const call of [() => api.groups.getUserGroups({ from: 1 }), () => api.groups.getUserGroups({ take: 0 }), () => api.groups.hasGroupMembership([]), () => api.roles.getUserEffectiveRolesByIds('x'), () => api.roles.getUserEffectiveRolesByNames([1])])
         out.push(await call().catch((e) => e.message))
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
        { roles: [] },
        'The "from" parameter must be a string if provided.',
        'The "take" parameter must be a positive integer if provided.',
        'The "groups" parameter must be a non-empty array of strings.',
        'The "ids" parameter must be a non-empty array of strings.',
        'The "names" parameter must be a non-empty array of strings.',
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

describe('credentials-exchange', () => {
  const event: CredentialsExchangeEvent = {
    accessToken: { scope: ['read:a', 'write:a'], customClaims: {} },
    client: eventClient({ client_id: 'm2m', name: 'M2M', client_metadata: { team: 'x' } }),
    request: eventRequest({
      ip: '192.0.2.9',
      hostname: 'auth.example.com',
      method: 'POST',
      userAgent: 'curl',
      body: { grant_type: 'client_credentials', client_secret: 'the secret' },
    }),
    resource_server: { identifier: 'https://api.example.com' },
    transaction: { requested_scopes: ['read:a'] },
  }
  const use = async (...bodies: readonly string[]): Promise<void> => {
    const actions = []
    for (const body of bodies) {
      actions.push(
        await scene.deployed(`exports.onExecuteCredentialsExchange = async (event, api) => { ${body} }`, {
          supported_triggers: [{ id: 'credentials-exchange', version: 'v2' }],
        }),
      )
    }
    await scene.bind('credentials-exchange', ...actions)
  }
  const run = (): Promise<CredentialsExchangeOutcome> => service.commands.execute(new RunCredentialsExchange(event, { clientId: 'm2m' }))

  test('goes on without Actions', async () => {
    expect(await run()).toEqual({ kind: 'allowed', execution: { actions: [] }, claims: {} })
  })

  test('sets claims by the same rules, and scopes', async () => {
    await use(
      `api.accessToken.setCustomClaim('sub', 'evil'); api.accessToken.setCustomClaim('https://x/team', event.client.metadata.team); api.accessToken.setCustomClaim('secret', event.request.body.client_secret ?? 'none'); api.transaction.removeTargetScope('write:a')`,
      `api.accessToken.setCustomClaim('seen', event.accessToken.customClaims['https://x/team']); api.cache.set('k', 'v')`,
    )
    const outcome = await run()
    expect(outcome).toMatchObject({ kind: 'allowed', claims: { 'https://x/team': 'x', secret: 'none', seen: 'x' }, scope: ['read:a'] })
    expect((outcome as Extract<CredentialsExchangeOutcome, { kind: 'allowed' }>).claims).not.toHaveProperty('sub')
    expect((await service.api('GET', `actions/executions/${outcome.execution.id}`)).body).toMatchObject({
      trigger_id: 'credentials-exchange',
      status: 'final',
      results: [{ warnings: ['The claim sub is set by the service alone and was left out.'] }, {}],
    })
  })

  test('denies with a code of its choice, and fails as others do', async () => {
    await use(`api.access.deny('invalid_scope', 'not this one')`, `throw new Error('never')`)
    expect(await run()).toMatchObject({ kind: 'denied', why: 'denied', error: 'invalid_scope', description: 'not this one' })
    await use(`throw new Error('boom')`)
    expect(await run()).toMatchObject({ kind: 'denied', why: 'action_error', error: 'access_denied', description: 'boom' })
    expect((await recorded(service, 'ActionExecutionFailed')).at(-1)).toMatchObject({
      data: { triggerId: 'credentials-exchange' },
      metadata: { clientId: 'm2m' },
    })
    await use()
  })
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
