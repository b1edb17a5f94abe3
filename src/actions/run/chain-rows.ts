import type pg from 'pg'
import type { RootKeys } from '../../keys/root-key.js'
import type { Version } from '../action/action.js'
import { decryptSecrets, type EncryptedSecret } from '../action/secrets.js'
import type { BoundAction } from './bound-action.js'

/** What is bound to a trigger with the versions of the streams behind it, of one snapshot. Errors: the database's; those of RootKeys.decrypt. */
export async function readChain(
  pool: pg.Pool,
  rootKeys: RootKeys,
  trigger: string,
): Promise<{ readonly actions: readonly BoundAction[]; readonly versions: ReadonlyMap<string, number> }> {
  const { rows } = await pool.query<Row>(
    `select coalesce((select version from streams where id = 'trigger_bindings-' || $1), 0) as bindings_version, x.*
     from (select) as one left join lateral (
       select b.place, b.id as binding_id, a.id as action_id, a.name, v.id as version_id, v.number, v.code, v.document, v.encrypted_secrets, (a.document->>'redeployed')::int as redeployed, u.code as bundle,
         (select version from streams where id = 'action-' || a.id) as action_version
       from trigger_bindings b
       join actions a on a.id = b.action_id
       join action_versions v on v.action_id = a.id and v.id = a.document->>'deployed'
       left join action_bundles u on u.hash = v.bundle
       where b.trigger_id = $1
     ) as x on true
     order by x.place`,
    [trigger],
  )
  const bound = rows.filter((row): row is Row & Bound => row.binding_id !== null)
  const versions = new Map([[`trigger_bindings-${trigger}`, rows[0]!.bindings_version]])
  for (const { action_id, action_version } of bound) versions.set(`action-${action_id}`, action_version)
  return { versions, actions: bound.map((row) => toAction(row, rootKeys, trigger)) }
}

export async function readVersions(pool: pg.Pool, streams: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const { rows } = await pool.query<{ id: string; version: number }>({
    name: 'bound-action-versions',
    text: 'select id, version from streams where id = any($1)',
    values: [streams],
  })
  return new Map(rows.map(({ id, version }) => [id, version]))
}

interface Bound {
  readonly binding_id: string
  readonly action_id: string
  readonly action_version: number
  readonly name: string
  readonly version_id: string
  readonly number: number
  readonly code: string
  readonly document: Version
  readonly encrypted_secrets: readonly EncryptedSecret[]
  readonly bundle: string | null
  readonly redeployed: number
}

type Row = { readonly bindings_version: number } & (Bound | { readonly binding_id: null })

const toAction = (row: Bound, rootKeys: RootKeys, trigger: string): BoundAction => ({
  bindingId: row.binding_id,
  actionId: row.action_id,
  name: row.name,
  versionId: row.version_id,
  number: row.number,
  program: {
    id: `${row.version_id} ${row.redeployed}`,
    trigger,
    code: row.code,
    bundle: row.bundle ?? undefined,
    secrets: decryptSecrets(rootKeys, row.action_id, row.encrypted_secrets),
    allowedHosts: row.document.allowedHosts,
  },
})
