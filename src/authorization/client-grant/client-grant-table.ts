import type pg from 'pg'
import type { ClientGrantDocument } from './client-grant.events.js'
import type { ClientGrantState } from './client-grant.js'

/** Brings the row to the state of the stream, in the transaction of its events. Errors: 23505 when client and API have one. */
export async function writeClientGrant(db: pg.PoolClient, id: string, state: ClientGrantState, now: Date): Promise<void> {
  if (state.status === 'absent') {
    await db.query('delete from client_grants where id = $1', [id])
    return
  }
  const { client_id, audience, subject_type } = state.clientGrant
  await db.query(
    `insert into client_grants (id, client_id, audience, subject_type, document, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $6)
     on conflict (id) do update set document = excluded.document, updated_at = excluded.updated_at`,
    [id, client_id, audience, subject_type, JSON.stringify(state.clientGrant), now],
  )
}

/** With the version of its stream, as of the same moment. */
export async function findClientGrantRow(
  pool: pg.Pool,
  clientId: string,
  audience: string,
  subjectType: ClientGrantDocument['subject_type'],
): Promise<{ document: ClientGrantDocument; version: number } | undefined> {
  const { rows } = await pool.query<{ document: ClientGrantDocument; version: number }>({
    name: 'find-client-grant',
    text: `select document, (select version from streams s where s.id = 'client_grant-' || g.id) as version
           from client_grants g where client_id = $1 and audience = $2 and subject_type = $3`,
    values: [clientId, audience, subjectType],
  })
  return rows[0]
}
