import { type CredentialsExchangeEvent, type CredentialsExchangeOutcome, eventClient, eventRequest, RunCredentialsExchange } from '../../src/actions/index.js'
import { ActionsScene } from '../support/actions.js'
import { startApp, type TestApp } from '../support/app.js'
import { recorded } from '../support/recorded.js'

let service: TestApp
let scene: ActionsScene
beforeAll(async () => {
  service = await startApp()
  scene = new ActionsScene(service)
})
afterAll(() => service.close())

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
