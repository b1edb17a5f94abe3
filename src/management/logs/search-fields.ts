import type { LookupKind } from '../../event-store/projection.js'

/** How a field of the log is searched. `personal` fields are found by their whole value only: what is stored of them is a keyed hash. */
export type SearchField =
  | { readonly kind: 'text'; readonly column: string }
  | { readonly kind: 'date' }
  /** A name that stands in another table: `$` is where its condition goes. */
  | { readonly kind: 'named'; readonly sql: string; readonly column: string; readonly exists: string }
  | { readonly kind: 'personal'; readonly lookup: Extract<LookupKind, 'ip' | 'user_agent' | 'user_name'>; readonly exists: string }

const text = (column: string): SearchField => ({ kind: 'text', column: `l.${column}` })
/** Inside a column of JSON. */
const json = (value: string): SearchField => ({ kind: 'text', column: `(${value}) collate "C"` })
const ofConnection = (column: string): SearchField => ({
  kind: 'named',
  sql: 'l.connection in (select c.name from connections c where $)',
  column,
  exists: 'l.connection is not null',
})
const personal = (lookup: Extract<LookupKind, 'ip' | 'user_agent' | 'user_name'>, exists: string): SearchField => ({ kind: 'personal', lookup, exists })

const FIELDS: Readonly<Record<string, SearchField>> = {
  _id: text('log_id'),
  log_id: text('log_id'),
  date: { kind: 'date' },
  type: text('type'),
  description: text('description'),
  connection: text('connection'),
  connection_id: ofConnection('c.id'),
  strategy: ofConnection(`c.document->>'strategy'`),
  strategy_type: ofConnection(`case c.document->>'strategy' when 'auth0' then 'database' end`),
  client_id: text('client_id'),
  client_name: {
    kind: 'named',
    sql: 'l.client_id in (select c.client_id from clients c where $)',
    column: `c.document->>'name'`,
    exists: 'l.client_id is not null',
  },
  user_id: text('user_id'),
  audience: text('audience'),
  scope: json(`l.scope #>> '{}'`),
  hostname: text('hostname'),
  organization_id: text('organization_id'),
  organization_name: {
    kind: 'named',
    sql: 'l.organization_id in (select o.id from organizations o where $)',
    column: `o.document->>'name'`,
    exists: 'l.organization_id is not null',
  },
  'references.correlation_id': text('correlation_id'),
  'auth0_client.name': json(`l.auth0_client->>'name'`),
  'auth0_client.version': json(`l.auth0_client->>'version'`),
  ip: personal('ip', 'l.origin is not null'),
  user_agent: personal('user_agent', 'l.origin is not null'),
  user_name: personal('user_name', '(l.user_id is not null or l.user_name is not null)'),
}

/** Members that are put together when a row is read: no row is found by them, but by these, where there is one. */
const MADE_WHEN_READ: readonly (readonly [RegExp, string | undefined])[] = [
  [/^details\.request\.ip$/, 'ip'],
  [/^details\.request\.userAgent$/, 'user_agent'],
  [/^details\.(request\.auth\.user\.(name|email)|body\.email|email)$/, 'user_name'],
  [/^(location_info(\.\w+)?|isMobile|details\.session_metadata(\..*)?)$/, undefined],
]

/** Why rows cannot be found by what they show under this name; undefined where they can, or show nothing. */
export function whyUnsearchable(name: string): string | undefined {
  const made = MADE_WHEN_READ.find(([names]) => names.test(name))
  if (!made) return undefined
  const [, instead] = made
  return `The field ${name} cannot be searched${instead === undefined ? '.' : `: use ${instead}.`}`
}

/** What a term without a field may match, and of these what a part of a text may (spec/logs.md §3.2). */
export const BARE_CLEAR_FIELDS = ['client_name', 'connection', 'description', 'log_id', 'type'] as const
export const BARE_FIELDS = [...BARE_CLEAR_FIELDS, 'ip', 'user_name'] as const

export const searchField = (name: string): SearchField | undefined => (Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined)

/** The columns that a list may be ordered by. */
export const SORTABLE: Readonly<Record<string, string>> = {
  date: 'l.date',
  log_id: 'l.log_id',
  _id: 'l.log_id',
  type: 'l.type',
  client_id: 'l.client_id',
  user_id: 'l.user_id',
  connection: 'l.connection',
  hostname: 'l.hostname',
  organization_id: 'l.organization_id',
}
