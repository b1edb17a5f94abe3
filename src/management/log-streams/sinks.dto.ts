import { Flag, NestedList, OneOf, ReadOnly, Required, rule, Text } from '../validation/rules.js'

/** What a header may be named: a token of RFC 9110 §5.6.2 that neither the transport nor the signature uses. */
const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/
const OURS = /^(host|connection|content-(length|type|digest)|transfer-encoding|authorization|signature(-input)?|evergrant-.*|expect|upgrade|te|trailer)$/i
/** What a header may hold: visible ASCII and blanks. */
const HEADER_VALUE = /^[\t\x20-\x7e]*$/

const headerName = (value: unknown): string | undefined => {
  if (typeof value !== 'string') return 'Expected type string'
  if (!HEADER.test(value)) return `String does not match pattern ${HEADER.source}`
  return OURS.test(value) ? `No enum match for: ${value}` : undefined
}

/** An address to post to, with nothing of a login in it. */
const webAddress = (value: unknown): string | undefined => {
  if (typeof value !== 'string') return 'Expected type string'
  const url = URL.canParse(value) && value.length <= 2000 ? new URL(value) : undefined
  const fits = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && /^https?:\/\//.test(value)
  return fits ? undefined : `String does not match pattern ^https://`
}
const WebAddress = (): PropertyDecorator => rule('web-address', webAddress)

/** A host name or address that cannot be read as anything more. */
const HOST = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/

export class CustomHeader {
  @Required()
  @rule('header-name', headerName)
  header!: string

  /** Absent: what was set before. */
  @Text({ max: 2000, pattern: HEADER_VALUE })
  value?: string
}

export class HttpSink {
  @Required()
  @WebAddress()
  httpEndpoint!: string

  @Text({ max: 2000, pattern: HEADER_VALUE, nullable: true })
  httpAuthorization?: string | null

  @OneOf(['JSONLINES', 'JSONARRAY', 'JSONOBJECT'])
  httpContentFormat?: 'JSONLINES' | 'JSONARRAY' | 'JSONOBJECT'

  @Text({ min: 1, max: 200, pattern: HEADER_VALUE })
  httpContentType?: string

  @NestedList(() => CustomHeader, { max: 20 })
  httpCustomHeaders?: CustomHeader[]
}

export class DatadogSink {
  @Text({ min: 1, max: 200, pattern: HEADER_VALUE })
  datadogApiKey?: string

  @Required()
  @OneOf(['us', 'eu', 'us3', 'us5'])
  datadogRegion!: 'us' | 'eu' | 'us3' | 'us5'
}

export class SplunkSink {
  @Required()
  @Text({ pattern: HOST })
  splunkDomain!: string

  @Required()
  @rule('port', (value) => (/^\d{1,5}$/.test(String(value)) && Number(value) > 0 && Number(value) < 65_536 ? undefined : 'Value is no port'))
  splunkPort!: string | number

  @Text({ min: 1, max: 200, pattern: HEADER_VALUE })
  splunkToken?: string

  @Required()
  @Flag()
  splunkSecure!: boolean
}

/** The address holds its own secret. */
export class SumoSink {
  @WebAddress()
  sumoSourceAddress?: string
}

export class SegmentSink {
  @Text({ min: 1, max: 200, pattern: HEADER_VALUE })
  segmentWriteKey?: string
}

export class MixpanelSink {
  @Required()
  @OneOf(['us', 'eu'])
  mixpanelRegion!: 'us' | 'eu'

  @Required()
  @Text({ min: 1, max: 100, pattern: /^[\w-]+$/ })
  mixpanelProjectId!: string

  @Required()
  @Text({ min: 1, max: 200 })
  mixpanelServiceAccountUsername!: string

  @Text({ min: 1, max: 200 })
  mixpanelServiceAccountPassword?: string
}

export class EventBridgeSink {
  @Required()
  @Text({ pattern: /^\d{12}$/ })
  awsAccountId!: string

  @Required()
  @Text({ min: 1, max: 50, pattern: /^[a-z0-9-]+$/ })
  awsRegion!: string

  @ReadOnly()
  awsPartnerEventSource?: unknown
}

export class EventGridSink {
  @Required()
  @Text({ min: 1, max: 100 })
  azureSubscriptionId!: string

  @Required()
  @Text({ min: 1, max: 50, pattern: /^[a-z0-9-]+$/ })
  azureRegion!: string

  @Required()
  @Text({ min: 1, max: 90 })
  azureResourceGroup!: string

  @ReadOnly()
  azurePartnerTopic?: unknown
}

/** A file in the directory that the operator chose, and nowhere else. */
export class FileSink {
  @Required()
  @Text({ pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/ })
  fileName!: string
}

/** A subject of the server that the operator chose; a JetStream stream there takes it in. */
export class NatsSink {
  @Required()
  @Text({ pattern: /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){0,15}$/, max: 200 })
  natsSubject!: string
}
