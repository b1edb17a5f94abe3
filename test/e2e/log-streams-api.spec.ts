import type { TestApp } from '../support/app.js'
import { logStreams } from '../support/log-streams.js'

let service: TestApp
let base: string
const { start, stop, patch, health } = logStreams()
beforeAll(async () => {
  ;({ service, base } = await start())
})
afterAll(stop)

describe('the API', () => {
  it('has the shapes of Auth0, and keeps what it cannot deliver to', async () => {
    const filters = [{ type: 'category', name: 'user.fail' }]
    const sink = { awsAccountId: '123456789012', awsRegion: 'eu-west-1' }
    const { body } = await service.api('POST', 'log-streams', { name: 'bridge', type: 'eventbridge', sink, filters, isPriority: true })
    const shown = { ...sink, awsPartnerEventSource: `aws.partner/auth0.com/${body.id}/auth0.logs` }
    expect(body).toEqual({
      id: expect.stringMatching(/^lst_\d{16}$/),
      name: 'bridge',
      type: 'eventbridge',
      status: 'paused',
      sink: shown,
      filters,
      isPriority: true,
    })
    expect(await health(body.id)).toMatchObject({ status: 'paused', errors: [{ text: 'not supported by this installation' }] })
    expect((await service.api('GET', 'log-streams')).body).toContainEqual(body)
    expect((await service.api('PATCH', `log-streams/${body.id}`, { sink })).status).toBe(400)
    expect((await service.api('PATCH', `log-streams/${body.id}`, { status: 'active' })).status).toBe(400)
    expect((await service.api('PATCH', `log-streams/${body.id}`, { id: body.id, type: 'eventbridge' })).status).toBe(200)
    for (const other of [{ id: 'lst_0000000000000000' }, { type: 'http' }]) {
      const message = `Payload validation error: 'Additional properties not allowed: ${Object.keys(other)[0]}'.`
      expect(await service.api('PATCH', `log-streams/${body.id}`, other)).toMatchObject({ status: 400, body: { message, errorCode: 'invalid_body' } })
    }
    expect(await patch(body.id, { name: 'renamed', pii_config: { log_fields: ['email'] } })).toMatchObject({ name: 'renamed' })
    expect(await patch(body.id, { pii_config: null })).not.toHaveProperty('pii_config')
    expect((await service.api('DELETE', `log-streams/${body.id}`)).status).toBe(204)
    const gone = { statusCode: 404, error: 'Not Found', message: 'The log stream does not exist.', errorCode: 'inexistent_log_stream' }
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/health'],
      ['PATCH', ''],
      ['DELETE', ''],
    ] as const) {
      expect((await service.api(method, `log-streams/${body.id}${path}`, method === 'PATCH' ? {} : undefined)).body).toEqual(gone)
    }
  })

  it('names the far end of streams to Azure, and takes the name back', async () => {
    const sink = { azureSubscriptionId: '5e1a', azureRegion: 'westeurope', azureResourceGroup: 'logs' }
    const { body } = await service.api('POST', 'log-streams', { type: 'eventgrid', sink: { ...sink, azurePartnerTopic: 'of another tenant' } })
    expect(body.sink).toEqual({ ...sink, azurePartnerTopic: body.id.replace('_', '-') })
    expect((await service.api('GET', `log-streams/${body.id}`)).body).toEqual(body)
    await service.api('DELETE', `log-streams/${body.id}`)
  })

  it.each([
    [{}],
    [{ type: 'http' }],
    [{ type: 'kafka', sink: {} }],
    [{ type: 'http', sink: {} }],
    [{ type: 'http', sink: null }],
    [{ type: 'http', sink: { httpEndpoint: 'ftp://x' } }],
    [{ type: 'http', sink: { httpEndpoint: 'https://user:pass@example.com/' } }],
    [{ type: 'http', sink: { httpEndpoint: 'https://example.com', more: 1 } }],
    [{ type: 'http', sink: { httpEndpoint: 'https://example.com', httpAuthorization: 'a\r\nX: y' } }],
    [{ type: 'http', sink: { httpEndpoint: 'https://example.com', httpCustomHeaders: [{ header: 'Host', value: 'x' }] } }],
    [{ type: 'http', sink: { httpEndpoint: 'https://example.com', httpCustomHeaders: [{ header: 'a b', value: 'x' }] } }],
    [{ type: 'http', sink: { httpEndpoint: 'https://example.com', httpCustomHeaders: [{ header: 'a' }, { header: 'A' }] } }],
    [{ type: 'http', sink: { httpEndpoint: 'https://example.com' }, filters: [{ type: 'category', name: 'x' }] }],
    [{ type: 'http', sink: { httpEndpoint: 'https://example.com' }, pii_config: { log_fields: ['shoe_size'] } }],
    [{ type: 'http', sink: { httpEndpoint: 'https://example.com' }, startFrom: '2026-02-31T00:00:00Z' }],
    [{ type: 'datadog', sink: { datadogRegion: 'us' } }],
    [{ type: 'splunk', sink: { splunkDomain: 'a/b', splunkPort: '1', splunkToken: 'x', splunkSecure: true } }],
    [{ type: 'splunk', sink: { splunkDomain: 'a', splunkPort: '70000', splunkToken: 'x', splunkSecure: true } }],
    [{ type: 'file', sink: { fileName: '../etc/passwd' } }],
    [{ type: 'file', sink: { fileName: '.hidden' } }],
    [{ type: 'nats', sink: { natsSubject: 'a' } }],
  ])('refuses %j', async (body) => {
    expect(await service.api('POST', 'log-streams', body)).toMatchObject({ status: 400, body: { statusCode: 400, message: expect.any(String) } })
  })

  it('has room for so many streams, also when they are made at once', async () => {
    const { length } = (await service.api('GET', 'log-streams')).body
    const body = { type: 'http', sink: { httpEndpoint: `${base}/many` }, filters: [{ type: 'category', name: 'scim.event' }] }
    const made = await Promise.all(Array.from({ length: 40 - length + 3 }, () => service.api('POST', 'log-streams', body)))
    expect(made.filter(({ status }) => status === 200)).toHaveLength(40 - length)
    const refused = made.filter(({ status }) => status !== 200)
    const message = 'You have reached the maximum number of log streams for your account.'
    expect(refused.map(({ status, body }) => [status, body.message])).toEqual(Array.from({ length: 3 }, () => [409, message]))
  })
})
