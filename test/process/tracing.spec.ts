import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { cleanUp, freePort, preparedFolder, Service } from '../support/service.js'

const dataDir = preparedFolder()
afterAll(() => cleanUp(dataDir))

interface Export {
  resourceSpans: {
    scopeSpans: { spans: { traceId: string; parentSpanId?: string; name: string; kind: number; attributes: { key: string; value: unknown }[] }[] }[]
  }[]
}

test('sends a span per request that continues the caller’s trace and holds no query, flushed at the stop', async () => {
  const bodies: string[] = []
  const collector = createServer((req, res) => {
    void text(req).then((body) => {
      bodies.push(body)
      res.end('{}')
    })
  })
  await new Promise<void>((done) => collector.listen(0, done))
  const { port } = collector.address() as { port: number }
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://localhost:${port}`, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }
  const service = await new Service(await freePort(), dataDir, env).ready()

  const [traceId, parentId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
  await service.get('/health/live?code=hunter2', { traceparent: `00-${traceId}-${parentId}-01` })
  expect(await service.stop()).toBe(0)
  collector.close()

  const spans = bodies.flatMap((body) => (JSON.parse(body) as Export).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)))
  const span = spans.find((one) => one.traceId === traceId)
  expect(span).toMatchObject({ parentSpanId: parentId, name: 'GET /health/live', kind: 2 })
  expect(span?.attributes.map(({ key }) => key).sort()).toEqual(['http.request.method', 'http.response.status_code', 'http.route', 'url.scheme'])
  expect(bodies.join()).not.toContain('hunter2')
})
