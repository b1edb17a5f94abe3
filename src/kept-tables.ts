import type { KeptTable } from './event-store/verification/kept-tables.js'

const PRESENT = `s.state->>'status' = 'present'`

/** What requests are decided by besides the streams' own rows, and where the log goes, for `fold`; secrets, hashes of passwords and lookups are in no event and not compared. */
export const keptTables: readonly KeptTable[] = [
  {
    table: 'clients',
    key: 'client_id',
    streamType: 'client',
    kept: PRESENT,
    same: `t.document = s.state->'client' and t.credentials = s.state->'credentials'`,
  },
  { table: 'resource_servers', key: 'id', streamType: 'resource_server', kept: PRESENT, same: `t.document = s.state->'resourceServer'` },
  { table: 'client_grants', key: 'id', streamType: 'client_grant', kept: PRESENT, same: `t.document = s.state->'clientGrant'` },
  {
    table: 'users',
    key: 'user_id',
    streamType: 'user',
    kept: PRESENT,
    same: `t.document = s.state->'profile' and to_jsonb(t.administrator) = s.state->'administrator'
      and t.logins_ended_at is not distinct from (s.state->>'loginsEndedAt')::timestamptz`,
  },
  { table: 'connections', key: 'id', streamType: 'connection', kept: PRESENT, same: `t.document = s.state->'connection'` },
  { table: 'organizations', key: 'id', streamType: 'organization', kept: PRESENT, same: `t.document = s.state->'organization'` },
  { table: 'roles', key: 'id', streamType: 'role', kept: PRESENT, same: `t.document = s.state->'role'` },
  { table: 'consents', key: 'id', streamType: 'consent', kept: `s.state->>'status' = 'given'`, same: `t.scope = s.state->'scope'` },
  { table: 'tenant_settings', key: 'id', streamType: 'tenant', kept: 'true', same: `t.document = s.state->'settings'` },
  {
    table: 'actions',
    key: 'id',
    streamType: 'action',
    kept: PRESENT,
    same: `t.document = s.state and ${runs('t', `s.state->'draft'->>'code'`, `s.state->'build'->>'bundle'`)}`,
  },
  {
    table: 'action_versions',
    rows: `(select action_id, jsonb_object_agg(id, document) as documents, bool_and(${runs('v', `v.document->>'code'`, `v.document->>'bundle'`)}) as run
      from action_versions v group by action_id)`,
    key: 'action_id',
    streamType: 'action',
    kept: `${PRESENT} and s.state->'versions' <> '[]'`,
    same: `t.documents = (select jsonb_object_agg(v->>'id', v) from jsonb_array_elements(s.state->'versions') v) and t.run`,
  },
  {
    table: 'trigger_bindings',
    rows: `(select trigger_id, jsonb_agg(jsonb_build_array(id, action_id, display_name) order by place) as bindings from trigger_bindings group by trigger_id)`,
    key: 'trigger_id',
    streamType: 'trigger_bindings',
    kept: `s.state->'bindings' <> '[]'`,
    same: `t.bindings = (
      select jsonb_agg(jsonb_build_array(b.value->'id', b.value->'actionId', b.value->'displayName') order by b.ordinality)
      from jsonb_array_elements(s.state->'bindings') with ordinality b)`,
  },
  {
    table: 'signing_keys',
    rows: `(select 'tenant' as id, ${keysOf('kid', 'alg', 'public_key', 'status')} as keys from signing_keys having count(*) > 0)`,
    key: 'id',
    streamType: 'signing_keys',
    kept: 'true',
    same: `t.keys = (select ${keysOf(`k->>'kid'`, `k->>'alg'`, `k->'publicKey'`, `k->>'status'`)} from jsonb_array_elements(s.state->'keys') k)`,
  },
  {
    table: 'log_streams',
    key: 'id',
    streamType: 'log_stream',
    kept: PRESENT,
    same: `t.document = s.state->'logStream'
      and (select coalesce(jsonb_agg(name order by name collate "C"), '[]') from jsonb_object_keys(t.secrets) name) = s.state->'secrets'`,
  },
  {
    // Of all marks of a scope the latest one decides.
    table: 'refresh_token_marks',
    rows: '(select key, max(before) as before from refresh_token_marks group by key)',
    key: 'key',
    streamType: 'refresh_token_mark',
    kept: `s.state->>'status' = 'marked'`,
    same: `t.before = (s.state->>'before')::timestamptz`,
  },
]

/** Whether code and packages of an Action's row are those that events have named by their hashes. */
function runs(row: string, codeHash: string, bundleHash: string): string {
  const sha256 = (text: string): string => `encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`
  const bundled = `exists (select from action_bundles b where b.hash = ${row}.bundle and ${sha256('b.code')} = b.hash)`
  return `${sha256(`${row}.code`)} = ${codeHash} and ${row}.bundle is not distinct from ${bundleHash} and (${row}.bundle is null or ${bundled})`
}

function keysOf(kid: string, alg: string, publicKey: string, status: string): string {
  return `jsonb_object_agg(${kid}, jsonb_build_array(${alg}, ${publicKey}, ${status}))`
}
