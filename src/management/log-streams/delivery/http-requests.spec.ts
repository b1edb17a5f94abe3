import type { LogStreamDocument } from '../../../audit/log-stream/log-stream.events.js'
import { batchSize, httpDelivery } from './http-requests.js'

const LOGS = [1, 2].map((n) => ({ log_id: `900${String(n).padStart(53, '0')}`, data: { type: 'fs', date: '2026-01-05T10:00:00.080Z', tenant_name: 'auth' } }))
const request = (type: LogStreamDocument['type'], sink: object, secrets: Record<string, string>, logs = LOGS) =>
  httpDelivery({ id: 'lst_1', name: 'x', type, status: 'active', sink: sink as LogStreamDocument['sink'], filters: [], isPriority: false }, secrets)!(logs)

it.each([
  ['us', 'https://http-intake.logs.datadoghq.com/v1/input'],
  ['eu', 'https://http-intake.logs.datadoghq.eu/v1/input'],
])('posts to Datadog in %s', (datadogRegion, url) => {
  const { body, ...rest } = request('datadog', { datadogRegion }, { datadogApiKey: 'key' })
  expect(rest).toEqual({ url, headers: { 'Content-Type': 'application/json', 'DD-API-KEY': 'key' } })
  expect(JSON.parse(body)).toMatchObject(LOGS.map(({ log_id, data }) => ({ message: { log_id, ...data } })))
})

it('posts to a Splunk collector', () => {
  const sink = { splunkDomain: 'splunk.example.com', splunkPort: '8088', splunkSecure: true }
  const { url, headers, body } = request('splunk', sink, { splunkToken: 'token' })
  expect([url, headers['Authorization']]).toEqual(['https://splunk.example.com:8088/services/collector/event', 'Splunk token'])
  expect(body.split('\n').map((line) => JSON.parse(line))).toEqual(LOGS.map((event) => ({ event })))
})

it('posts to Sumo Logic', () => {
  const { url, body } = request('sumo', {}, { sumoSourceAddress: 'https://sumo.example.com/secret' })
  expect([url, body.split('\n').map((line) => JSON.parse(line))]).toEqual(['https://sumo.example.com/secret', LOGS])
})

it('posts to Segment, an event at a time', () => {
  const { url, headers, body } = request('segment', {}, { segmentWriteKey: 'key' }, LOGS.slice(0, 1))
  expect([url, headers['Authorization']]).toEqual(['https://api.segment.io/v1/track', `Basic ${Buffer.from('key:').toString('base64')}`])
  expect(JSON.parse(body)).toMatchObject({ event: 'fs', userId: 'anonymous', messageId: LOGS[0]!.log_id })
  expect(batchSize({ type: 'segment', sink: {} } as unknown as LogStreamDocument)).toBe(1)
})

it('posts to Mixpanel, with an id by which it knows what comes twice', () => {
  const sink = { mixpanelRegion: 'eu', mixpanelProjectId: '12', mixpanelServiceAccountUsername: 'user' }
  const { url, headers, body } = request('mixpanel', sink, { mixpanelServiceAccountPassword: 'pass' })
  expect(url).toBe('https://api-eu.mixpanel.com/import?strict=1&project_id=12')
  expect(headers['Authorization']).toBe(`Basic ${Buffer.from('user:pass').toString('base64')}`)
  expect(JSON.parse(body).map(({ properties }: { properties: Record<string, unknown> }) => properties['$insert_id'])).toEqual(
    LOGS.map(({ log_id }) => log_id.slice(-36)),
  )
})
