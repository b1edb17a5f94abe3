import type { LookupKind } from '../../event-store/projection.js'

/** How a field of the log is searched. `personal` fields are found by their whole value only: what is stored of them is a keyed hash. */
export type SearchField =
  | { readonly kind: 'text'; readonly column: string }
  | { readonly kind: 'date' }
  /** A name that stands in another table: `$` is where its condition goes. */
  | { readonly kind: 'named'; readonly sql: string; readonly column: string; readonly exists: string }
  | { readonly kind: 'personal'; readonly lookup: Extract<LookupKind, 'ip' | 'user_agent' | 'user_name'>; readonly exists: string }

const text = (column: string): SearchField => ({ kind: 'text', column: `l.${column}` })
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
  hostname: text('hostname'),
  organization_id: text('organization_id'),
  ip: personal('ip', 'l.origin is not null'),
  user_agent: personal('user_agent', 'l.origin is not null'),
  user_name: personal('user_name', '(l.user_id is not null or l.user_name is not null)'),
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
