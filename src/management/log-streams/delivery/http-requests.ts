import type { LogStreamDocument } from '../../../audit/log-stream/log-stream.events.js'
import { customHeaders } from '../sinks.js'
import type { DeliveredLog } from './delivered-log.js'

/** One POST that delivers a batch. */
export interface SinkRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** How a kind of sink is posted to (spec/logs.md §5.2, §5.3); `one`: an event at a time. */
interface HttpKind {
  readonly one: (sink: Sink) => boolean
  readonly request: (sink: Sink, secrets: Secrets, logs: readonly DeliveredLog[]) => SinkRequest
}
type Sink = Readonly<Record<string, unknown>>
type Secrets = Readonly<Record<string, string>>

const JSON_TYPE = { 'Content-Type': 'application/json' }
const DATADOG_SITES: Readonly<Record<string, string>> = { us: 'datadoghq.com', eu: 'datadoghq.eu', us3: 'us3.datadoghq.com', us5: 'us5.datadoghq.com' }

const lines = (items: readonly unknown[]): string => items.map((item) => JSON.stringify(item)).join('\n')
const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
const never = (): boolean => false
const textIn = (sink: Sink, name: string): string => {
  const value = sink[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
const userOf = ({ data }: DeliveredLog): string => (typeof data['user_id'] === 'string' && data['user_id']) || 'anonymous'

const KINDS: Readonly<Partial<Record<LogStreamDocument['type'], HttpKind>>> = {
  http: {
    one: (sink) => sink['httpContentFormat'] === 'JSONOBJECT',
    request: (sink, secrets, logs) => {
      const format = sink['httpContentFormat'] ?? 'JSONLINES'
      const { httpAuthorization: authorization } = secrets
      return {
        url: textIn(sink, 'httpEndpoint'),
        headers: {
          ...customHeaders(sink, secrets),
          'Content-Type': textIn(sink, 'httpContentType') || 'application/json',
          ...(authorization !== undefined && { Authorization: authorization }),
        },
        body: format === 'JSONLINES' ? lines(logs) : JSON.stringify(format === 'JSONARRAY' ? logs : logs[0]),
      }
    },
  },
  datadog: {
    one: never,
    request: (sink, { datadogApiKey = '' }, logs) => ({
      url: `https://http-intake.logs.${DATADOG_SITES[textIn(sink, 'datadogRegion')]}/v1/input`,
      headers: { ...JSON_TYPE, 'DD-API-KEY': datadogApiKey },
      body: JSON.stringify(logs.map(({ log_id, data }) => ({ ddsource: 'auth0', service: data['tenant_name'], message: { log_id, ...data } }))),
    }),
  },
  splunk: {
    one: never,
    request: (sink, { splunkToken = '' }, logs) => ({
      url: `${sink['splunkSecure'] === true ? 'https' : 'http'}://${textIn(sink, 'splunkDomain')}:${textIn(sink, 'splunkPort')}/services/collector/event`,
      headers: { ...JSON_TYPE, Authorization: `Splunk ${splunkToken}` },
      body: lines(logs.map((event) => ({ event }))),
    }),
  },
  sumo: {
    one: never,
    request: (_, { sumoSourceAddress = '' }, logs) => ({ url: sumoSourceAddress, headers: JSON_TYPE, body: lines(logs) }),
  },
  segment: {
    one: () => true,
    request: (_, { segmentWriteKey = '' }, [log]) => ({
      url: 'https://api.segment.io/v1/track',
      headers: { ...JSON_TYPE, Authorization: basic(segmentWriteKey, '') },
      body: JSON.stringify({ userId: userOf(log!), event: log!.data['type'], timestamp: log!.data['date'], messageId: log!.log_id, properties: log!.data }),
    }),
  },
  mixpanel: {
    one: never,
    request: (sink, { mixpanelServiceAccountPassword = '' }, logs) => {
      const host = sink['mixpanelRegion'] === 'eu' ? 'api-eu.mixpanel.com' : 'api.mixpanel.com'
      return {
        url: `https://${host}/import?strict=1&project_id=${encodeURIComponent(textIn(sink, 'mixpanelProjectId'))}`,
        headers: { ...JSON_TYPE, Authorization: basic(textIn(sink, 'mixpanelServiceAccountUsername'), mixpanelServiceAccountPassword) },
        body: JSON.stringify(
          logs.map((log) => ({
            event: log.data['type'],
            properties: {
              ...log.data,
              time: Date.parse(String(log.data['date'])),
              distinct_id: userOf(log),
              // At most 36 bytes; the end of a log_id tells rows apart, and receivers know by it what came twice.
              $insert_id: log.log_id.slice(-36),
            },
          })),
        ),
      }
    },
  },
}

/** How a sink is posted to; undefined for one that is not. */
export function httpDelivery({ type, sink }: LogStreamDocument, secrets: Secrets): ((logs: readonly DeliveredLog[]) => SinkRequest) | undefined {
  const kind = KINDS[type]
  return kind && ((logs) => kind.request(sink, secrets, logs))
}

/** Events that one delivery carries at most. */
export const batchSize = ({ type, sink }: LogStreamDocument): number => (KINDS[type]?.one(sink) ? 1 : 100)
