import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'

/** An event in the log: its time and its position. */
interface LoggedAt {
  readonly at: string
  readonly position: number
}

/** A row of the log that is about a refresh token. */
export interface TokenLog {
  readonly logId: string
  readonly date: Date
  readonly details: Readonly<Record<string, unknown>>
  /** Where the request came from, sealed. */
  readonly origin: string | null
}

/** Finds rows of the log by what they are about. As far as the log has come: who needs the newest waits first. */
@Injectable()
export class LogIds {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  /** For each event the id of its row, the first where it made several; undefined where it made none. */
  async of(events: readonly LoggedAt[]): Promise<(string | undefined)[]> {
    const { rows } = await this.pool.query<{ place: number; log_id: string }>({
      name: 'log-ids',
      text: LOG_IDS,
      values: [events.map(({ at }) => at), events.map(({ position }) => position)],
    })
    const found = new Map(rows.map(({ place, log_id }) => [place, log_id]))
    return events.map((_, n) => found.get(n + 1))
  }

  /** Rows of a type about one of a user's refresh tokens, within a span of time, oldest first. */
  async aboutToken(
    userId: string,
    familyId: string,
    types: readonly string[],
    span: { readonly from: string; readonly to: string },
    limit: number,
  ): Promise<TokenLog[]> {
    const { rows } = await this.pool.query<{ log_id: string; date: Date; details: TokenLog['details']; origin: string | null }>({
      name: 'logs-about-token',
      text: ABOUT_TOKEN,
      values: [userId, span.from, span.to, types, familyId, limit],
    })
    return rows.map(({ log_id: logId, ...rest }) => ({ logId, ...rest }))
  }
}

/** A row's id holds the position of its event, and its date is the event's time: the index of dates leads to the few rows to look at. */
const LOG_IDS = `
  select e.place, min(l.log_id) as log_id
  from unnest($1::timestamptz[], $2::bigint[]) with ordinality as e(at, position, place)
  join tenant_logs l on l.date = e.at and substring(l.log_id from 21 for 34) = lpad(e.position::text, 34, '0')
  group by e.place`

const ABOUT_TOKEN = `
  select log_id, date, details, origin from tenant_logs
  where user_id = $1 and date >= $2::timestamptz and date <= $3::timestamptz and type = any($4) and details->>'familyId' = $5
  order by date, log_id limit $6`
