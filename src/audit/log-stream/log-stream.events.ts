import type { Upcasters } from '../../event-store/event.js'
import type { Difference } from '../../event-store/difference.js'

export type LogStreamType = 'http' | 'datadog' | 'splunk' | 'sumo' | 'segment' | 'mixpanel' | 'eventbridge' | 'eventgrid' | 'file' | 'nats'
export type LogStreamStatus = 'active' | 'paused' | 'suspended'

/** Somewhere that the log is delivered to (spec/management-api.md §2.14). Member names are Auth0's. Secrets of the sink are no part of it. */
export interface LogStreamDocument {
  readonly id: string
  readonly name: string
  readonly type: LogStreamType
  readonly status: LogStreamStatus
  readonly sink: Readonly<Record<string, unknown>>
  readonly filters: readonly { readonly type: 'category'; readonly name: string }[]
  readonly isPriority: boolean
  readonly pii_config?: PersonalFields
}

/** What becomes of members that tell who somebody is (spec/logs.md §5.4). */
export interface PersonalFields {
  readonly log_fields: readonly string[]
  readonly method?: 'mask' | 'hash'
  readonly algorithm?: 'xxhash'
}

/** `secrets`: the names of secret members of the sink; those that a change names got a new value. */
export type LogStreamEvent =
  | { readonly type: 'LogStreamCreated'; readonly data: { readonly logStream: LogStreamDocument; readonly secrets: readonly string[] } }
  | { readonly type: 'LogStreamChanged'; readonly data: { readonly changes: Difference<LogStreamDocument>; readonly secrets?: LogStreamSecretsChanged } }
  /** What was delivered up to now is no matter: it goes on from there. `from` is a log_id, which need not exist. */
  | { readonly type: 'LogStreamMoved'; readonly data: { readonly from: string } }
  /** It failed for so long that it is not tried any more. */
  | { readonly type: 'LogStreamSuspended'; readonly data: { readonly failingSince: string } }
  | { readonly type: 'LogStreamDeleted'; readonly data: object }

interface LogStreamSecretsChanged {
  readonly set: readonly string[]
  readonly removed: readonly string[]
}

export const logStreamUpcasters: Upcasters<LogStreamEvent> = {
  LogStreamCreated: [],
  LogStreamChanged: [],
  LogStreamMoved: [],
  LogStreamSuspended: [],
  LogStreamDeleted: [],
}
