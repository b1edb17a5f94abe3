import type { PersonalFields } from '../../../audit/log-stream/log-stream.events.js'
import { showLog } from '../../logs/log.dto.js'
import type { OpenedRow } from '../../logs/tenant-logs.js'
import { withoutPersonalFields } from './personal-fields.js'

/** A log event as streams carry it: the event, with its log_id around it (spec/logs.md §1.2). */
export interface DeliveredLog {
  readonly log_id: string
  readonly data: Readonly<Record<string, unknown>>
}

/** What every event of the catalogue has, though there be nothing to say. */
const ALWAYS = { description: '', hostname: '', client_name: '', strategy: '', strategy_type: '', environment_name: '' }

/** Shows a row for a stream; `tenant`: the name of this installation. */
export async function deliveredLog({ row, values }: OpenedRow, tenant: string, personal: PersonalFields | undefined): Promise<DeliveredLog> {
  const { _id, isMobile, user_agent: _, ...event } = showLog(row, values) as Record<string, unknown>
  const { log_id } = row
  const data = {
    ...ALWAYS,
    ...event,
    $event_schema: { version: '1.0.0' },
    tenant_name: tenant,
    is_mobile: isMobile,
    client_ip: values.ip ?? '',
    // As it came, where the API shows it in short.
    user_agent: values.userAgent ?? '',
  }
  return { log_id, data: personal ? ((await withoutPersonalFields(data, personal)) as DeliveredLog['data']) : data }
}
