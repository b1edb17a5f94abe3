import type pg from 'pg'
import { auditUpcasters } from '../../audit/audit.events.js'
import { authorizationCode } from '../../authorization/index.js'
import type { PersonalData, SealedEvent, Upcasters } from '../../event-store/event.js'
import type { PersonalValues, Projection } from '../../event-store/projection.js'
import { type PersonEvent, personUpcasters } from '../../keys/person.events.js'
import { session } from '../../sessions/index.js'
import { family, refreshTokenMark } from '../../tokens/index.js'
import { user } from '../../users/index.js'
import { LOGGED_TYPES, logEntries } from './log-entries.js'
import type { SourceEvent } from './log-entry.js'
import { parseUserAgent } from './user-agent.js'

type LoggedSource = SourceEvent | PersonEvent

/** Only what gives an entry: every other event would be read for nothing. */
const UPCASTERS: Upcasters<LoggedSource> = (() => {
  const all: Record<string, unknown> = {
    ...auditUpcasters,
    ...authorizationCode.upcasters,
    ...family.upcasters,
    ...refreshTokenMark.upcasters,
    ...session.upcasters,
    ...user.upcasters,
  }
  return { ...Object.fromEntries(LOGGED_TYPES.map((type) => [type, all[type]])), ...personUpcasters } as Upcasters<LoggedSource>
})()

/**
 * The log as Auth0 shows it: a row for each entry of log-entries.ts, of people only ids, sealed values, and keyed hashes to find rows by. The
 * hashes go when the person is erased. Names of clients and users are joined when rows are read: a name kept here would be a second copy of
 * personal data, and of the client's name a rebuild could keep none but what events tell.
 */
export const tenantLogsProjection: Projection<LoggedSource> = {
  name: 'tenant_logs',
  table: 'tenant_logs',
  searches: ['person_key'],
  upcasters: UPCASTERS,
  async apply(events, db, personal) {
    const rows = await withLookups(await newRows(events, db), personal)
    if (rows.length > 0) await db.query({ ...INSERT, values: [storable(rows)] })
    const erased = events.flatMap((event) => (event.type === 'PersonErased' ? [event.data.keyId] : []))
    if (erased.length > 0) {
      await db.query(
        `update tenant_logs set origin = null, user_name = null, person_key = null, ip_lookup = null, user_agent_lookup = null, user_name_lookup = null
         where person_key = any($1)`,
        [erased],
      )
    }
  },
}

const INSERT = { name: 'keep-tenant-logs', text: 'insert into tenant_logs select * from jsonb_populate_recordset(null::tenant_logs, $1)' }

/** Of the table being built, in a rebuild. As in log-partitions.ts, since a projection depends on events alone. */
const PREPARE = `select prepare_tenant_log_partition('tenant_logs'::regclass, to_date($1, 'YYYYMMDD'))`

interface Row {
  readonly log_id: string
  readonly origin: PersonalData | undefined
  readonly user_name: PersonalData | undefined
  readonly [column: string]: unknown
}

async function newRows(events: readonly SealedEvent<LoggedSource>[], db: pg.ClientBase): Promise<Row[]> {
  const entries = events.flatMap((event) => (event.type === 'PersonErased' ? [] : logEntries(event).map((entry, n) => ({ event, entry, n }))))
  if (entries.length === 0) return []
  const { time: last, floor, partitions } = await standing(db)
  let time = last
  const rows = entries.map(({ event: { position, metadata }, entry, n }) => {
    const at = metadata.at.replace(/\D/g, '')
    if (at > time) time = at
    return {
      log_id: `900${time}${String(position).padStart(34, '0')}${String(n).padStart(2, '0')}`,
      date: metadata.at,
      type: entry.type,
      description: entry.description,
      connection: entry.connection ?? metadata.connection,
      client_id: entry.clientId ?? metadata.clientId,
      user_id: entry.userId ?? metadata.userId,
      audience: entry.audience ?? metadata.audience,
      scope: entry.scope,
      hostname: metadata.hostname,
      organization_id: metadata.organizationId,
      auth0_client: metadata.auth0Client,
      correlation_id: metadata.correlationId,
      details: entry.details ?? {},
      origin: metadata.origin,
      user_name: entry.userName,
    }
  })
  // What has left the log does not come back when it is rebuilt.
  const kept = rows.filter(({ log_id: id }) => id >= floor)
  for (const day of new Set(kept.map(({ log_id: id }) => id.slice(3, 11)))) {
    if (!partitions.some((days) => days.slice(0, 8) <= day && day < days.slice(-8))) await db.query(PREPARE, [day])
  }
  return kept
}

/**
 * `time`: the time in a log_id is the latest event's so far, so it never goes backwards, whatever a clock did: text order is the log's order. And a
 * rebuild gives every row the id that it had, so that checkpoints and stored links of collectors outlive it; those below the floor have no part in
 * that, as no row above it has their time. `floor`: the smallest log_id that is kept. `partitions`: the days of each, as `20261121_20261124`.
 */
async function standing(db: pg.ClientBase): Promise<{ time: string; floor: string; partitions: string[] }> {
  const { rows } = await db.query<{ time: string | null; floor: string; partitions: string[] }>(STANDING)
  return { ...rows[0]!, time: rows[0]!.time ?? '' }
}

const STANDING = {
  name: 'standing-of-tenant-logs',
  text: `
    select substring((select max(log_id) from tenant_logs) from 4 for 17) as time, floor,
      array(select right(c.relname, 17) from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'tenant_logs'::regclass) as partitions
    from tenant_log_retention`,
}

async function withLookups(rows: readonly Row[], personal: PersonalValues): Promise<object[]> {
  const sealed = rows.flatMap(({ origin, user_name }) => [origin, user_name].filter((value) => value !== undefined))
  const opened = new Map((await personal.open(sealed)).map((value, n) => [sealed[n]!, value]))
  const hashes = new Map<string, string>()
  // The same addresses and browsers come again and again, so each is hashed once a batch.
  const lookup = async (kind: 'ip' | 'user_agent' | 'user_name', value: unknown): Promise<string | undefined> => {
    if (typeof value !== 'string') return undefined
    const name = `${kind} ${value}`
    const known = hashes.get(name)
    if (known !== undefined) return known
    const spelled = kind === 'user_agent' ? parseUserAgent(value).text : kind === 'user_name' ? value.trim().normalize('NFC').toLowerCase() : value
    const hash = `\\x${(await personal.lookup(kind, spelled)).toString('hex')}`
    hashes.set(name, hash)
    return hash
  }
  const complete: object[] = []
  for (const row of rows) {
    const { origin, user_name } = row
    const key = origin ?? user_name
    const { ip, userAgent } = (origin && (opened.get(origin) as { ip?: unknown; userAgent?: unknown } | undefined)) ?? {}
    complete.push({
      ...row,
      person_key: key && personal.keyOf(key),
      ip_lookup: await lookup('ip', ip),
      user_agent_lookup: await lookup('user_agent', userAgent),
      user_name_lookup: await lookup('user_name', user_name && opened.get(user_name)),
    })
  }
  return complete
}

/** Callers' texts may hold what jsonb refuses: NUL and halves of surrogate pairs. JSON.stringify escapes both, and only those, in this way. */
const storable = (rows: readonly object[]): string =>
  JSON.stringify(rows).replace(/\\(?:\\|u0000|ud[89a-f][0-9a-f]{2})/g, (escape) => (escape === '\\\\' ? escape : '\\ufffd'))
