import type pg from 'pg'
import type { PersonalData } from '../../event-store/event.js'
import { inTransaction } from '../../database/pool.js'
import type { Condition } from './search-to-sql.js'

/** A row with the names that stand elsewhere; personal values are sealed. */
export interface TenantLogRow {
  readonly log_id: string
  readonly date: Date
  readonly type: string
  readonly description: string | null
  readonly connection: string | null
  readonly connection_id: string | null
  readonly strategy: string | null
  readonly client_id: string | null
  readonly client_name: string | null
  readonly user_id: string | null
  /** As typed, where there was no such user. */
  readonly user_name: PersonalData | null
  readonly user: { readonly email?: PersonalData; readonly username?: PersonalData; readonly phone_number?: PersonalData; readonly name?: PersonalData } | null
  readonly audience: string | null
  readonly scope: string | null
  readonly hostname: string | null
  readonly organization_id: string | null
  readonly organization_name: string | null
  readonly auth0_client: object | null
  readonly correlation_id: string | null
  readonly details: Readonly<Record<string, unknown>>
  readonly origin: PersonalData | null
}

/** Whoever searches a long log by what no index knows is told to ask more narrowly. */
const SEARCH_MS = 5000

/** Whoever bears the id of somebody who is gone is another. */
const SELECT = `
  select l.log_id, l.date, l.type, l.description, l.connection, con.id as connection_id, con.document->>'strategy' as strategy,
    l.client_id, cl.document->>'name' as client_name, l.user_id, l.user_name, u.document as user, l.audience, l.scope #>> '{}' as scope,
    l.hostname, l.organization_id, org.document->>'name' as organization_name, l.auth0_client, l.correlation_id, l.details, l.origin
  from tenant_logs l
  left join connections con on con.name = l.connection
  left join clients cl on cl.client_id = l.client_id
  left join users u on u.user_id = l.user_id and u.created_at <= l.date
  left join organizations org on org.id = l.organization_id`

/** The rows after a log_id, which need not exist, in the log's order. */
export async function rowsAfter(pool: pg.Pool, logId: string, take: number): Promise<TenantLogRow[]> {
  const { rows } = await pool.query<TenantLogRow>({
    name: 'logs-after',
    text: `${SELECT} where l.log_id > $1 order by l.log_id limit $2`,
    values: [logId, take],
  })
  return rows
}

export async function findRow(pool: pg.Pool, logId: string): Promise<TenantLogRow | undefined> {
  const { rows } = await pool.query<TenantLogRow>({ name: 'find-log', text: `${SELECT} where l.log_id = $1`, values: [logId] })
  return rows[0]
}

export interface Order {
  readonly column: string
  readonly direction: 'asc' | 'desc'
}

/** A page of what a search finds; rows alike in the column stand in the log's order, in the same direction. Errors: 57014 when it takes too long. */
export async function searchRows(
  pool: pg.Pool,
  { alternatives, values }: Condition,
  { column, direction }: Order,
  limit: number,
  offset: number,
): Promise<TenantLogRow[]> {
  return inTransaction(pool, async (db) => {
    // Planned for its own values: whether to read by what is rare or in the order of time is a matter of how rare it is.
    await db.query(`set local statement_timeout = ${SEARCH_MS}; set local plan_cache_mode = force_custom_plan`)
    // Joined after the page is cut, so that names are looked up for what is shown.
    const order = `order by ${column} ${direction}, l.log_id ${direction}`
    const first = alternatives.map((sql) => `(select * from tenant_logs l where ${sql} ${order} limit ${limit + offset})`)
    const page = `select * from (${first.join(' union all ')}) l ${order} limit ${limit} offset ${offset}`
    const { rows } = await db.query<TenantLogRow>(`${SELECT.replace('from tenant_logs l', `from (${page}) l`)} ${order}`, [...values])
    return rows
  })
}
