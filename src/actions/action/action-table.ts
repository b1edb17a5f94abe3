import type pg from 'pg'
import type { EncryptedSecret } from './secrets.js'
import type { ActionState, PresentAction, Version } from './action.js'

export interface ActionRow {
  readonly id: string
  readonly document: PresentAction
  readonly code: string
  readonly encrypted_secrets: readonly EncryptedSecret[]
  readonly created_at: Date
  readonly updated_at: Date
}

export interface VersionRow {
  readonly id: string
  readonly action_id: string
  readonly number: number
  readonly document: Version
  readonly code: string
  readonly created_at: Date
  readonly updated_at: Date
}

/** What events do not tell; what is not given stays as it is. */
interface ActionTexts {
  readonly code?: string | undefined
  readonly secrets?: readonly EncryptedSecret[]
  readonly bundle?: { readonly hash: string; readonly code: string } | undefined
}

/**
 * Brings the rows of an Action and its versions to the state of the stream, in the transaction of its events. A version takes code and secrets
 * from the draft, or from the version that it restores. Errors: 23505 when the name is taken; 23503 when a trigger still has the Action.
 */
export async function writeAction(db: pg.PoolClient, id: string, state: ActionState, now: Date, texts: ActionTexts = {}, restores?: string): Promise<void> {
  if (state.status !== 'present') {
    await db.query('delete from actions where id = $1', [id])
    return dropUnusedBundles(db)
  }
  const { bundle } = texts
  if (bundle) await db.query('insert into action_bundles (hash, code) values ($1, $2) on conflict do nothing', [bundle.hash, bundle.code])
  await db.query(
    `insert into actions (id, name, trigger_id, document, code, bundle, encrypted_secrets, created_at, updated_at)
     values ($1, $2, $3, $4, coalesce($5::text, ''), $6, coalesce($7::jsonb, '[]'), $8, $8)
     on conflict (id) do update set name = excluded.name, document = excluded.document, bundle = excluded.bundle,
       updated_at = case when actions.document - 'redeployed' = excluded.document - 'redeployed' then actions.updated_at else excluded.updated_at end,
       code = coalesce($5::text, actions.code), encrypted_secrets = coalesce($7::jsonb, actions.encrypted_secrets)`,
    [id, state.draft.name, state.draft.trigger.id, JSON.stringify(state), texts.code, state.build.bundle, texts.secrets && JSON.stringify(texts.secrets), now],
  )
  await writeVersions(db, id, state, now, restores)
}

async function writeVersions(db: pg.PoolClient, id: string, { versions }: PresentAction, now: Date, restores: string | undefined): Promise<void> {
  const { rows } = await db.query<{ id: string }>('select id from action_versions where action_id = $1', [id])
  const known = new Set(rows.map((row) => row.id))
  for (const version of versions.filter((each) => !known.has(each.id))) {
    const source = restores === undefined ? 'actions where id = $2' : 'action_versions where action_id = $2 and id = $6'
    await db.query(
      `insert into action_versions (id, action_id, number, document, code, bundle, encrypted_secrets, created_at, updated_at)
       select $1, $2, $3, $4, code, bundle, encrypted_secrets, $5, $5 from ${source}`,
      [version.id, id, version.number, JSON.stringify(version), now, ...(restores === undefined ? [] : [restores])],
    )
  }
  const kept = versions.map((version) => version.id)
  if ([...known].some((old) => !kept.includes(old))) {
    await db.query('delete from action_versions where action_id = $1 and not id = any($2)', [id, kept])
    await dropUnusedBundles(db)
  }
}

/** Makes the draft's code and secrets those of a version. */
export async function copyVersionToDraft(db: pg.PoolClient, id: string, versionId: string): Promise<void> {
  await db.query(
    `update actions a set code = v.code, encrypted_secrets = v.encrypted_secrets from action_versions v where a.id = $1 and v.action_id = $1 and v.id = $2`,
    [id, versionId],
  )
}

async function dropUnusedBundles(db: pg.PoolClient): Promise<void> {
  await db.query(
    `delete from action_bundles b
     where not exists (select from actions where bundle = b.hash) and not exists (select from action_versions where bundle = b.hash)`,
  )
}

/** spec/actions.md §6.3: of the tenant. */
export const MAX_ACTIONS = 100

export class TooManyActions extends Error {}

/** Of all that are there, this transaction's own among them; others that make one at the same time wait. */
export async function countActions(db: pg.PoolClient): Promise<number> {
  await db.query(`select pg_advisory_xact_lock(hashtext('evergrant actions'))`)
  const { rows } = await db.query<{ count: number }>('select count(*)::int as count from actions')
  return rows[0]!.count
}
