import type pg from 'pg'
import type { RootKeys } from '../../keys/root-key.js'
import type { ClientCredential, ClientDocument } from './client.events.js'
import type { ClientState } from './client.js'

/** The Management API shows secrets to who may see them, so they are encrypted and not hashed. */
export interface ClientRow {
  readonly client_id: string
  readonly document: ClientDocument
  readonly encrypted_secret: string | null
  readonly credentials: readonly ClientCredential[]
}

/** Brings the row to the state of the stream, in the transaction of its events. A secret that is not given stays. */
export async function writeClient(db: pg.PoolClient, clientId: string, state: ClientState, now: Date, encryptedSecret?: string): Promise<void> {
  if (state.status !== 'present') {
    await db.query('delete from clients where client_id = $1', [clientId])
    return
  }
  await db.query(
    `insert into clients (client_id, document, encrypted_secret, credentials, created_at, updated_at) values ($1, $2, $3, $5, $4, $4)
     on conflict (client_id) do update
     set document = excluded.document, encrypted_secret = coalesce(excluded.encrypted_secret, clients.encrypted_secret),
       credentials = excluded.credentials, updated_at = excluded.updated_at`,
    [clientId, JSON.stringify(state.client), encryptedSecret, now, JSON.stringify(state.credentials)],
  )
}

/** Another client has one of the aliases; the transaction is rolled back. */
export class AliasTakenError extends Error {}

/** Two that take one alias at once wait for each other. Errors: AliasTakenError. */
export async function checkAliases(db: pg.PoolClient, clientId: string, state: ClientState): Promise<void> {
  const aliases = state.status === 'present' ? (state.client['client_aliases'] as readonly string[] | undefined) : undefined
  if (!aliases || aliases.length === 0) return
  await db.query(`select pg_advisory_xact_lock(hashtext('evergrant client aliases'))`)
  const { rowCount } = await db.query(`select from clients where client_id <> $1 and document->'client_aliases' ?| $2 limit 1`, [clientId, aliases])
  if (rowCount !== 0) throw new AliasTakenError()
}

const COLUMNS = 'client_id, document, encrypted_secret, credentials'

/** With the version of its stream, as of the same moment: what tells later whether the row is still what it was. */
export async function findClientRow(pool: pg.Pool, clientId: string): Promise<(ClientRow & { version: number }) | undefined> {
  const { rows } = await pool.query<ClientRow & { version: number }>({
    name: 'find-client',
    text: `select ${COLUMNS}, (select version from streams where id = 'client-' || $1) as version from clients where client_id = $1`,
    values: [clientId],
  })
  return rows[0]
}

export async function findGlobalClientRow(pool: pg.Pool): Promise<ClientRow | undefined> {
  const { rows } = await pool.query<ClientRow>(`select ${COLUMNS} from clients where document->'global' = 'true'`)
  return rows[0]
}

export const encryptSecret = (rootKeys: RootKeys, clientId: string, secret: string): string => rootKeys.encrypt('client-secret', secret, clientId)

export function decryptSecret(rootKeys: RootKeys, { client_id, encrypted_secret }: Pick<ClientRow, 'client_id' | 'encrypted_secret'>): string | undefined {
  return encrypted_secret === null ? undefined : rootKeys.decrypt('client-secret', encrypted_secret, client_id).toString()
}
