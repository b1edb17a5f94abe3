import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import type { LogStreamDocument } from '../../../audit/log-stream/log-stream.events.js'
import type { EncryptedSecrets } from '../log-stream-table.js'
import { backOff } from './back-off.js'
import type { DeliveryLag } from './delivery-metrics.js'

/** A stream that may be delivered to now. */
export interface DueDelivery {
  readonly document: LogStreamDocument
  /** When it was last changed. */
  readonly updated_at: Date
  readonly secrets: EncryptedSecrets
  /** The last log_id that was acknowledged, or where to begin. */
  readonly cursor: string
  readonly failures: number
}

/** What went wrong with a delivery. */
export interface DeliveryError {
  /** Of the answer, if there was one. */
  readonly status?: number
  readonly text: string
}

/** How a stream fares, for operators. Times are ISO. */
interface DeliveryHealth {
  readonly cursor: string
  readonly failures: number
  readonly failing_since: Date | null
  readonly next_try_at: Date
  readonly delivered: number
  readonly last_delivered_at: Date | null
  /** The first event of the batch that the sink does not take, behind which the others wait. */
  readonly blocked_by: string | null
  readonly errors: readonly (DeliveryError & { readonly time: string })[]
  /** Seconds since the oldest event that is not acknowledged yet; 0 when there is none. */
  readonly behind_seconds: number
}

/** spec/logs.md §5.1: errors that health tells. */
const ERRORS_KEPT = 10
const ERRORS_DAYS = 5

/** The oldest event that is not acknowledged yet, of a delivery `d`, and its age in seconds. */
const NEXT = 'left join lateral (select date from tenant_logs where log_id > d.cursor order by log_id limit 1) n on true'
const BEHIND = 'coalesce(greatest(0, round(extract(epoch from now() - n.date))), 0)::int'

/** How far each delivery has come. A cursor moves from where the delivery began, or not at all: who was overtaken changes nothing. */
@Injectable()
export class Deliveries {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async due(): Promise<DueDelivery[]> {
    const { rows } = await this.pool.query<DueDelivery>({
      name: 'due-log-streams',
      text: `
        select s.document, s.updated_at, s.secrets, d.cursor, d.failures
        from log_streams s join log_stream_deliveries d on d.log_stream_id = s.id
        where s.document->>'status' = 'active' and d.next_try_at <= now()
          and exists (select from tenant_logs l where l.log_id > d.cursor)`,
    })
    return rows
  }

  /** Answers false where the stream went on without us, is gone or is another by now: then there is nothing more to do for it as it was. */
  async acknowledged({ document: { id }, updated_at }: DueDelivery, from: string, to: string, events: number): Promise<boolean> {
    const { rows } = await this.pool.query<{ same: boolean }>({
      name: 'log-stream-acknowledged',
      text: `
        update log_stream_deliveries d
        set cursor = $3, failures = 0, failing_since = null, blocked_by = null, next_try_at = now(), delivered = delivered + $4,
          last_delivered_at = case when $4 > 0 then now() else last_delivered_at end
        from log_streams s
        where d.log_stream_id = $1 and d.cursor = $2 and s.id = $1
        returning s.updated_at = $5 as same`,
      values: [id, from, to, events, updated_at],
    })
    return rows[0]?.same === true
  }

  /**
   * Notes the failure of a batch that begins with `blockedBy`; answers since when the stream has been failing, and for how many days. Of a stream
   * that was changed meanwhile it says nothing: that is tried as it is now.
   */
  async failed(
    { document: { id }, updated_at }: DueDelivery,
    from: string,
    failures: number,
    blockedBy: string,
    error: DeliveryError,
  ): Promise<{ since: Date; days: number } | undefined> {
    const { seconds, roundEnds } = backOff(failures)
    const { rows } = await this.pool.query<{ since: Date; days: number }>(
      `update log_stream_deliveries
       set failures = $3, blocked_by = $6, failing_since = coalesce(failing_since, now()), next_try_at = now() + make_interval(secs => $4),
         errors = case when $5::jsonb is null then errors else jsonb_path_query_array($5::jsonb || errors, '$[0 to ${ERRORS_KEPT - 1}]') end
       where log_stream_id = $1 and cursor = $2 and exists (select from log_streams where id = $1 and updated_at = $7)
       returning failing_since as since, extract(epoch from now() - failing_since)::float8 / 86400 as days`,
      [id, from, failures, seconds, roundEnds ? JSON.stringify([{ time: new Date().toISOString(), ...error }]) : null, blockedBy, updated_at],
    )
    return rows[0]
  }

  /** Of all streams. */
  async lags(): Promise<DeliveryLag[]> {
    const { rows } = await this.pool.query<DeliveryLag>({
      name: 'log-stream-lags',
      text: `
        select s.id, s.document->>'status' = 'paused' as paused, ${BEHIND} as seconds
        from log_streams s join log_stream_deliveries d on d.log_stream_id = s.id ${NEXT}`,
    })
    return rows
  }

  async health(id: string): Promise<DeliveryHealth | undefined> {
    const { rows } = await this.pool.query<DeliveryHealth>(
      `select d.cursor, d.failures, d.failing_since, d.next_try_at, d.delivered, d.last_delivered_at, d.blocked_by,
         ${BEHIND} as behind_seconds,
         (select coalesce(jsonb_agg(e order by e->>'time' desc), '[]') from jsonb_array_elements(d.errors) e
          where (e->>'time')::timestamptz > now() - interval '${ERRORS_DAYS} days') as errors
       from log_stream_deliveries d ${NEXT}
       where d.log_stream_id = $1`,
      [id],
    )
    return rows[0]
  }
}
