import type { ClientDocument } from '../../src/authorization/index.js'
import { access } from '../support/action-exchanges.js'
import { ActionsScene } from '../support/actions.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { type Answer, AUDIENCE, OAuthScene } from '../support/oauth.js'

let service: TestApp
let scene: OAuthScene
let actions: ActionsScene
beforeAll(async () => {
  service = await startApp({ ACTIONS_TIMEOUT_MS: '4000' })
  scene = new OAuthScene(service)
  actions = new ActionsScene(service)
  await scene.api()
})
afterAll(() => service.close())

const execution = (id: string): Promise<Json> => eventually(async () => (await service.api('GET', `actions/executions/${id}`)).body)

describe('client_credentials', () => {
  let machine: ClientDocument
  beforeAll(async () => {
    machine = await scene.client()
    await scene.grant(machine.client_id, ['read:orders', 'write:orders'])
    const code = `
      const AsyncFunction = (async () => {}).constructor
      exports.onExecuteCredentialsExchange = async (event, api) => { if (event.request.body.act) await new AsyncFunction('event', 'api', event.request.body.act)(event, api) }`
    const action = await actions.deployed(code, { supported_triggers: [{ id: 'credentials-exchange', version: 'v2' }] })
    await actions.bind('credentials-exchange', action)
  })
  const ask = (what: string, more: Record<string, string> = {}): Promise<Answer> =>
    scene.token(machine, { grant_type: 'client_credentials', audience: AUDIENCE, act: what, ...more })
  const logged = (type: string): Promise<Json> =>
    eventually(async () => (await service.api('GET', `logs?q=${encodeURIComponent(`type:${type} AND client_id:"${machine.client_id}"`)}`)).body[0])

  test('gets claims, and scopes within what the client was granted', async () => {
    const answer = await ask(
      `api.accessToken.setCustomClaim('https://x/a', [event.client.client_id, event.resource_server.identifier]); api.accessToken.setCustomClaim('sub', 'evil')`,
    )
    expect(access(answer)).toMatchObject({
      'https://x/a': [machine.client_id, AUDIENCE],
      sub: `${machine.client_id}@clients`,
      scope: 'read:orders write:orders',
    })
    const { details } = await logged('seccft')
    expect((await execution(details.actions.executions[0])).trigger_id).toBe('credentials-exchange')
    expect((await ask(`api.transaction.setTargetScopes(['write:orders', 'delete:orders'])`, { scope: 'read:orders' })).body.scope).toBe('write:orders')
    expect((await ask(`api.transaction.removeTargetScope('write:orders')`)).body.scope).toBe('read:orders')
  })

  test.each([
    ['invalid_scope', 400],
    ['invalid_request', 400],
    ['server_error', 500],
  ])('is denied with %s as the Action says', async (code, status) => {
    const answer = await ask(`api.access.deny('${code}', 'because')`)
    expect({ status: answer.status, body: answer.body }).toEqual({ status, body: { error: code, error_description: 'because' } })
  })

  test('is told of the organization that the client acts for', async () => {
    const created = { name: 'works', display_name: 'Works', metadata: { plan: 'gold' } }
    const { id } = (await service.api('POST', 'organizations', created)).body
    const { client_id } = await scene.client()
    const acting = { organization_usage: 'allow', allow_any_organization: true }
    expect((await service.api('POST', 'client-grants', { client_id, audience: AUDIENCE, scope: ['read:orders'], ...acting })).status).toBe(201)
    const tell = `api.accessToken.setCustomClaim('https://x/organization', event.organization ?? 'none'); api.accessToken.setCustomClaim('org_id', 'evil')`
    expect(access(await ask(tell, { client_id, organization: id }))).toMatchObject({ org_id: id, 'https://x/organization': { id, ...created } })
    const without = access(await ask(tell, { client_id }))
    expect(without).toMatchObject({ 'https://x/organization': 'none' })
    expect(without).not.toHaveProperty('org_id')
    const deny = `if (event.organization?.metadata.plan === 'gold') api.access.deny('invalid_request', event.organization.name)`
    const { status, body } = await ask(deny, { client_id, organization: id })
    expect({ status, body }).toEqual({ status: 400, body: { error: 'invalid_request', error_description: 'works' } })
  })

  test('is refused where the Action throws', async () => {
    expect(await ask(`throw new Error('boom')`)).toMatchObject({ status: 403, body: { error: 'access_denied', error_description: 'boom' } })
    expect(await logged('feccft')).toMatchObject({ details: { actions: { executions: [expect.any(String)] } } })
  })
})
