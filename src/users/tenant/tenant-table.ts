import type pg from 'pg'
import type { TenantSettings } from './tenant.events.js'
import { TENANT_ID } from './tenant.js'

/** Brings the row to the state of the stream, in the transaction of its events. */
export async function writeSettings(db: pg.PoolClient, settings: TenantSettings, now: Date): Promise<void> {
  await db.query(
    `insert into tenant_settings (id, document, created_at, updated_at) values ($1, $2, $3, $3)
     on conflict (id) do update set document = excluded.document, updated_at = excluded.updated_at`,
    [TENANT_ID, JSON.stringify(settings), now],
  )
}

/** Empty before anything was set. */
export async function readSettings(pool: pg.Pool): Promise<TenantSettings> {
  const { rows } = await pool.query<{ document: TenantSettings }>({ name: 'read-tenant-settings', text: 'select document from tenant_settings' })
  return rows[0]?.document ?? {}
}
