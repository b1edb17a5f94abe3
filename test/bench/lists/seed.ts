import type pg from 'pg'
import { takeIndexes } from '../../../src/event-store/empty-copy.js'
import { dayOf, preparePartition } from '../../../src/management/logs/log-partitions.js'

/** What there must be: a client, and values sealed under somebody's key. */
export interface ListScene {
  /** Has half of all tokens and rows of the log. */
  readonly clientId: string
  readonly connection: { readonly id: string; readonly name: string }
  /** Sealed: an origin, and an e-mail address. */
  readonly origin: string
  readonly email: string
  readonly keyId: string
}

export interface ListSizes {
  readonly tokens: number
  readonly logs: number
}

export const TOKENS_PER_PERSON = 20
/** The other clients share the other half evenly, but for one that has a thousandth. */
export const OTHER_CLIENTS = 20
export const SMALL_CLIENT = 'small-client'
export const AUDIENCE = 'https://orders.example.com/'
export const RARE_AUDIENCE = 'https://rare.example.com/'
const LOG_DAYS = 30
const DAY_MS = 86_400_000

export const peopleOf = ({ tokens }: ListSizes): number => Math.max(1, Math.floor(tokens / TOKENS_PER_PERSON))
export const userIdOf = (n: string): string => `'auth0|' || substr(md5('person ' || ${n}), 1, 24)`
const sessionIdOf = (n: string): string => `substr(md5('session ' || ${n}) || md5('session of ' || ${n}), 1, 32)`
const tokenIdOf = (n: string): string => `'rt_' || substr(md5('token ' || ${n}), 1, 22)`
/** Neighbours in number are of different people, apps and devices. */
const clientOf = (n: string): string =>
  `case when ${n} % 2 = 0 then $1 when ${n} % 1000 = 1 then '${SMALL_CLIENT}' else 'client-' || (${n} / 2) % ${OTHER_CLIENTS} end`
const hashOf = (of: string, n: string, bytes: number): string =>
  `substring(decode(md5('${of} ' || ${n}) || md5('${of} of ' || ${n}), 'hex') from 1 for ${bytes})`

/**
 * Fills the read models that lists read, as the projections would, by SQL: no events, which lists do not read. Half of everything belongs to one
 * client; each person has twenty tokens, two sessions, three grants. Indexes that only lists read are made at the end. The owner's connection.
 */
export async function seedLists(db: pg.Client, scene: ListScene, sizes: ListSizes, tell: (line: string) => void = () => undefined): Promise<void> {
  const people = peopleOf(sizes)
  const began = performance.now()
  const fill = async (table: string, text: string, values: readonly unknown[]): Promise<void> => {
    const indexes = await takeIndexes(db, { schema: 'public', name: table }, [])
    await db.query(text, [...values])
    for (const index of indexes) await db.query(index)
    await db.query(`vacuum analyze ${table}`)
    tell(`${table} after ${((performance.now() - began) / 1000).toFixed(0)} s`)
  }
  await db.query(`set statement_timeout = 0`)
  await db.query(CLIENTS, [scene.clientId])
  await fill('users', USERS, [people, scene.connection.id, scene.email])
  await fill('device_keys', DEVICE_KEYS, [scene.clientId, people, scene.origin])
  await fill('consents', CONSENTS, [scene.clientId, people * 3])
  await fill('sessions', SESSIONS, [scene.clientId, people * 2, people, scene.connection.name, scene.origin])
  await fill('refresh_tokens', TOKENS, [scene.clientId, sizes.tokens, people, scene.origin])
  await fill('refresh_token_devices', DEVICES, [sizes.tokens, people, scene.keyId])
  const start = Date.now() - LOG_DAYS * DAY_MS
  for (let day = 0; day <= LOG_DAYS; day++) await preparePartition(db, dayOf(new Date(start + day * DAY_MS)))
  await fill('tenant_logs', LOGS, [scene.clientId, sizes.logs, people, scene.origin, scene.keyId, scene.connection.name, new Date(start).toISOString()])
}

const CLIENTS = `
  insert into clients select (jsonb_populate_record(c, jsonb_build_object('client_id', id, 'encrypted_secret', null, 'document', c.document || jsonb_build_object('client_id', id)))).*
  from clients c, (select 'client-' || n as id from generate_series(0, ${OTHER_CLIENTS - 1}) n union all select '${SMALL_CLIENT}') ids where c.client_id = $1`

const USERS = `
  insert into users (user_id, connection_id, email_lookup, search_lookups, document, created_at, updated_at)
  select ${userIdOf('n')}, $2, ${hashOf('email', 'n', 32)}, array[${hashOf('email', 'n', 32)}], jsonb_build_object('email', $3::text, 'emailVerified', true),
    now() - n * interval '1 second', now()
  from generate_series(1, $1::int) n`

const DEVICE_KEYS = `
  insert into device_keys (id, user_id, client_id, device_lookup, device, created_at)
  select 'dcr_' || substr(md5('device ' || n), 1, 16), ${userIdOf('n')}, $1::text, ${hashOf('device', 'n', 32)}, $3::text, now()
  from generate_series(1, $2::int, 10) n`

const CONSENTS = `
  insert into consents (id, user_id, client_id, audience, scope, created_at, updated_at)
  select substr(md5('consent ' || n), 1, 24), ${userIdOf('(n + 2) / 3')}, ${clientOf('n')}, case when n % 3 = 0 then null else '${AUDIENCE}' end, '["openid","read:orders"]',
    now() - n * interval '1 second', now()
  from generate_series(1, $2::int) n`

const SESSIONS = `
  insert into sessions (id, user_id, ends_at, state, position)
  select ${sessionIdOf('n')}, ${userIdOf('1 + n % $3::int')}, now() + interval '2 days' + n % 1000 * interval '1 minute',
    jsonb_build_object('status', 'active', 'userId', ${userIdOf('1 + n % $3::int')}, 'connection', $4::text, 'persistent', true, 'salt', md5('salt ' || n), 'cookieGeneration', 1,
      'startedAt', t, 'authenticatedAt', t, 'lastInteractedAt', t, 'updatedAt', t, 'idleSeconds', 259200, 'idleExpiresAt', e, 'expiresAt', e,
      'clients', jsonb_build_array($1::text), 'methods', jsonb_build_array(jsonb_build_object('name', 'pwd', 'at', t)), 'metadata', null,
      'initialOrigin', $5::text, 'lastOrigin', $5::text, 'online', '[]'::jsonb, 'onlineCount', 0), n
  from generate_series(1, $2::int) n,
    (select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as t, to_char((now() + interval '3 days') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as e) times`

const TOKENS = `
  insert into refresh_tokens (id, user_id, client_id, session_id, audience, scope, rotating, created_at, expires_at, idle_expires_at, last_exchanged_at, initial_origin, last_origin, position)
  select ${tokenIdOf('n')}, ${userIdOf('1 + n % $3::int')}, ${clientOf('n')}, ${sessionIdOf('n % ($3::int * 10)')},
    case when n % 5000 = 1 then '${RARE_AUDIENCE}' else '${AUDIENCE}' end, '["openid","profile","offline_access","read:orders"]', true,
    date_trunc('milliseconds', now() - interval '10 days' + n * (interval '10 days' / $2::int)), now() + interval '20 days', now() + interval '10 days', now(), $4::text, $4::text, n
  from generate_series(1, $2::int) n`

const DEVICES = `
  insert into refresh_token_devices (id, person_key, expires_at, initial_ip, initial_user_agent, last_ip, last_user_agent)
  select ${tokenIdOf('n')}, case when n % 100 = 0 then $3::uuid end, now() + interval '20 days', ${hashOf('ip', '1 + n % $2::int', 8)}, ${hashOf('browser', 'n % 50', 8)},
    ${hashOf('ip', '1 + n % $2::int', 8)}, ${hashOf('browser', 'n % 50', 8)}
  from generate_series(1, $1::int) n`

/** Mostly exchanges, as in life; what is rare is found by its type. */
const TYPE = `case when n % 20 < 14 then 'sertft' when n % 20 < 16 then 's' when n % 20 < 18 then 'seacft' when n % 20 = 18 then 'sapi' when n % 1000 = 19 then 'fp' else 'fertft' end`

const LOGS = `
  insert into tenant_logs (log_id, date, type, description, connection, client_id, user_id, audience, scope, hostname, details, origin, person_key, ip_lookup, user_agent_lookup)
  select '900' || to_char(at at time zone 'UTC', 'YYYYMMDDHH24MISSMS') || lpad(n::text, 34, '0') || '00', at, ${TYPE}, null, $6::text, ${clientOf('n')},
    ${userIdOf('1 + n % $3::int')}, '${AUDIENCE}', '"openid profile offline_access read:orders"', 'auth.example.com',
    jsonb_build_object('access_token_jti', md5('jti ' || n), 'actions', '{"executions":[]}'::jsonb, 'familyId', ${tokenIdOf('n')}, 'tokenCounter', n % 50,
      'policy_used', 'refresh_token_user_grant', 'refresh_token', jsonb_build_object('access', 'offline', 'session_id', ${sessionIdOf('n % ($3::int * 10)')}), 'requested_client_id', $1::text),
    $4::text, case when n % 100 = 0 then $5::uuid end, ${hashOf('ip', '1 + n % $3::int', 32)}, ${hashOf('browser', 'n % 50', 32)}
  from (select n, date_trunc('milliseconds', $7::timestamptz + n * (interval '30 days' / ($2::int + 1))) as at from generate_series(1, $2::int) n) numbered`
