import { ExecutionLog } from '../../src/actions/executions/execution-log.js'
import { type Allowed, ContinuePostLogin, type Redirected } from '../../src/actions/index.js'
import { ActionsScene, aLogin, anExchange } from '../support/actions.js'
import { startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'

let service: TestApp
let scene: ActionsScene
beforeAll(async () => {
  service = await startApp()
  scene = new ActionsScene(service)
})
afterAll(() => service.close())

describe('a redirect', () => {
  const start = `
    const token = api.redirect.encodeToken({ secret: 'shared', payload: { step: 1 }, expiresInSeconds: 60 })
    api.user.setUserMetadata('started', true); api.refreshToken.setMetadata('kept', '1'); api.transaction.setMetadata('t', 'x'); api.idToken.setCustomClaim('first', 1)
    api.redirect.sendUserTo('https://app.example.com/terms', { query: { session_token: token, lang: 'de' } }).idToken.setCustomClaim('chained', 1)`

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
      claims: { idToken: { before: 1, first: 1, chained: 1, back: ['yes', 'x', 'de'], after: 'https://app.example.com/terms' } },
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

  test('takes along what is still to be done, and leaves what was said', async () => {
    await scene.use(`exports.onExecutePostLogin = async (event, api) => { api.samlResponse.setIssuer('x'); api.redirect.sendUserTo('https://x.example/') }
      exports.onContinuePostLogin = async () => {}`)
    const sent = (await scene.run(aLogin())) as Redirected
    expect(sent.warnings).toEqual(['api.samlResponse.setIssuer has no effect here.'])
    expect(await service.commands.execute(new ContinuePostLogin(aLogin(), {}, sent.suspended, 's'))).toMatchObject({ kind: 'allowed', warnings: [] })
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
