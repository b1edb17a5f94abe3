import type { LogStreamStatus, PersonalFields } from '../../audit/log-stream/log-stream.events.js'
import { LOG_CATEGORIES } from '../logs/log-codes.js'
import { isTime } from '../refresh-tokens/formats.js'
import { AnyObject, Choices, Flag, NestedList, OneOf, Nested, ReadOnly, Required, Text } from '../validation/rules.js'

const LOG_STREAM_TYPES = ['http', 'eventbridge', 'eventgrid', 'datadog', 'splunk', 'sumo', 'segment', 'mixpanel', 'file', 'nats'] as const
const PERSONAL_FIELDS = ['first_name', 'last_name', 'username', 'email', 'phone', 'address']

/** A time, or a log_id to begin after. */
const START: readonly [string, (text: string) => boolean] = ['date-time', (text) => isTime(text) || /^900\d{1,97}$/.test(text)]

class LogStreamFilter {
  @Required()
  @OneOf(['category'])
  type!: 'category'

  @Required()
  @OneOf(LOG_CATEGORIES)
  name!: string
}

class PiiConfig implements PersonalFields {
  @Required()
  @Choices(PERSONAL_FIELDS, { min: 1, max: 6 })
  log_fields!: string[]

  @OneOf(['mask', 'hash'])
  method?: 'mask' | 'hash'

  @OneOf(['xxhash'])
  algorithm?: 'xxhash'
}

/** What both creating and changing a log stream may set (spec/management-api.md §2.14). */
export class LogStreamFields {
  @Text({ min: 1, max: 255 })
  name?: string

  @NestedList(() => LogStreamFilter, { max: 50 })
  filters?: LogStreamFilter[]

  @Flag()
  isPriority?: boolean

  @Nested(() => PiiConfig, { nullable: true })
  pii_config?: PiiConfig | null

  /** Where delivery begins, or goes on from. */
  @Text({ max: 100, format: START })
  startFrom?: string

  @ReadOnly()
  id?: unknown
}

export class CreateLogStreamBody extends LogStreamFields {
  @Required()
  @OneOf(LOG_STREAM_TYPES)
  type!: (typeof LOG_STREAM_TYPES)[number]

  @Required()
  @AnyObject()
  sink!: Record<string, unknown>

  @ReadOnly()
  status?: unknown
}

export class UpdateLogStreamBody extends LogStreamFields {
  @AnyObject()
  sink?: Record<string, unknown>

  @OneOf(['active', 'paused', 'suspended'])
  status?: LogStreamStatus

  @ReadOnly()
  type?: unknown
}
