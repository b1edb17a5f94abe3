import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { ConsentParties } from './consent.events.js'
import type { ConsentState } from './consent.js'

/** The same for the same three, 24 hex digits (spec/management-api.md §1.5): so there is one consent of each, without asking first. */
export const consentId = ({ userId, clientId, audience }: ConsentParties): string =>
  createHash('sha256')
    .update(JSON.stringify([userId, clientId, audience]))
    .digest('hex')
    .slice(0, 24)

/** Brings the row to the state of the stream, in the transaction of its events. */
export async function writeConsent(db: pg.PoolClient, id: string, state: ConsentState, now: Date): Promise<void> {
  if (state.status !== 'given') {
    await db.query('delete from consents where id = $1', [id])
    return
  }
  const { userId, clientId, audience, scope } = state
  await db.query(
    `insert into consents (id, user_id, client_id, audience, scope, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $6)
     on conflict (id) do update set scope = excluded.scope, updated_at = excluded.updated_at`,
    [id, userId, clientId, audience, JSON.stringify(scope), now],
  )
}
