import type { LogStreamType } from '../../audit/log-stream/log-stream.events.js'
import { checkBody, invalidBody } from '../validation/valid-body.js'
import * as dto from './sinks.dto.js'

/** A sink as it was sent, in two: what everybody may read, and secrets by their names. */
export interface SinkParts {
  readonly sink: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, string>>
  /** Names of secrets that were not sent: those that are known stay, if what they are sent to stays. */
  readonly unsent: readonly string[]
}

interface Kind {
  readonly dto: new () => object
  readonly secrets: readonly string[]
  /** Without it nothing can be delivered. */
  readonly required?: string
}

const KINDS: Readonly<Record<LogStreamType, Kind>> = {
  http: { dto: dto.HttpSink, secrets: ['httpAuthorization'] },
  datadog: { dto: dto.DatadogSink, secrets: ['datadogApiKey'], required: 'datadogApiKey' },
  splunk: { dto: dto.SplunkSink, secrets: ['splunkToken'], required: 'splunkToken' },
  sumo: { dto: dto.SumoSink, secrets: ['sumoSourceAddress'], required: 'sumoSourceAddress' },
  segment: { dto: dto.SegmentSink, secrets: ['segmentWriteKey'], required: 'segmentWriteKey' },
  mixpanel: { dto: dto.MixpanelSink, secrets: ['mixpanelServiceAccountPassword'], required: 'mixpanelServiceAccountPassword' },
  eventbridge: { dto: dto.EventBridgeSink, secrets: [] },
  eventgrid: { dto: dto.EventGridSink, secrets: [] },
  file: { dto: dto.FileSink, secrets: [] },
  nats: { dto: dto.NatsSink, secrets: [] },
}

/** The value of a custom header is a secret: it often is one. */
const headerSecret = (header: string): string => `httpCustomHeaders.${header.toLowerCase()}`

/** Checks a sink and takes its secrets out. Errors: ManagementError 400. */
export function readSink(type: LogStreamType, sent: unknown): SinkParts {
  const kind = KINDS[type]
  const { httpCustomHeaders, ...members } = checkBody(kind.dto, sent, 'sink') as Record<string, unknown> & { httpCustomHeaders?: dto.CustomHeader[] }
  const named = kind.secrets.map((name): [string, unknown] => [name, members[name]])
  const headers = (httpCustomHeaders ?? []).map(({ header, value }): [string, unknown] => [headerSecret(header), value])
  const twice = headers.find(([name], n) => headers.findIndex(([other]) => other === name) !== n)
  if (twice) throw invalidBody('Array items are not unique', 'sink.httpCustomHeaders')
  const all = [...named, ...headers]
  const open = Object.entries(members).filter(([name, value]) => !kind.secrets.includes(name) && value !== null)
  return {
    sink: { ...Object.fromEntries(open), ...(httpCustomHeaders && { httpCustomHeaders: httpCustomHeaders.map(({ header }) => ({ header })) }) },
    secrets: Object.fromEntries(all.filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '')),
    unsent: all.filter(([, value]) => value === undefined).map(([name]) => name),
  }
}

/** The 400 for a sink that would have to do without a secret it needs. */
export function needSecret(type: LogStreamType, secrets: readonly string[]): void {
  const { required } = KINDS[type]
  if (required !== undefined && !secrets.includes(required)) throw invalidBody(`Missing required property: ${required}`, 'sink')
}

/** Whom a sink's secrets are shown to: who may change the address, but does not know them, must not have them sent elsewhere. */
export function recipientOf(type: LogStreamType, sink: Readonly<Record<string, unknown>>): string {
  switch (type) {
    case 'http':
      return new URL(String(sink['httpEndpoint'])).origin
    case 'splunk':
      return `${String(sink['splunkSecure'])} ${String(sink['splunkDomain'])} ${String(sink['splunkPort'])}`
    case 'mixpanel':
      return String(sink['mixpanelServiceAccountUsername'])
    case 'datadog':
    case 'sumo':
    case 'segment':
    case 'eventbridge':
    case 'eventgrid':
    case 'file':
    case 'nats':
      return type
  }
}

/** The custom headers of a sink with the values that are known. */
export function customHeaders(sink: Readonly<Record<string, unknown>>, secrets: Readonly<Record<string, string>>): Record<string, string> {
  const headers = (sink['httpCustomHeaders'] ?? []) as readonly { readonly header: string }[]
  return Object.fromEntries(
    headers.flatMap(({ header }) => {
      const value = secrets[headerSecret(header)]
      return value === undefined ? [] : [[header, value]]
    }),
  )
}
