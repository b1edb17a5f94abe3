import pg from 'pg'
import { withDatabase } from '../cli/database.js'
import { loadConfig } from '../config.js'

export interface Credentials {
  readonly id: string
  readonly secret: string
}

/** The management client: what the environment names, else the one that the first start made, for whoever may read DATA_DIR. */
export async function managementCredentials(): Promise<Credentials> {
  const { managementClient } = loadConfig()
  if (managementClient) return managementClient
  return withDatabase(async ({ databaseUrl, rootKeys }) => {
    const db = new pg.Client(databaseUrl)
    await db.connect()
    try {
      const { rows } = await db.query<{ client_id: string; encrypted_secret: string }>(`
        select client_id, encrypted_secret from clients
        where client_id = (select state->>'managementClientId' from streams where id = 'installation-tenant') and encrypted_secret is not null`)
      const row = rows[0]
      if (!row) throw new Error('there is no management client; name one by MANAGEMENT_CLIENT_ID and MANAGEMENT_CLIENT_SECRET')
      return { id: row.client_id, secret: rootKeys.decrypt('client-secret', row.encrypted_secret, row.client_id).toString() }
    } finally {
      await db.end()
    }
  })
}
