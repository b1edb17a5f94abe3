import type pg from 'pg'
import type { TriggerBindings } from './trigger-bindings.js'

/** Brings the rows of a trigger to the state of its stream, in the transaction of its events. Errors: 23503 for an Action that has gone. */
export async function writeBindings(db: pg.PoolClient, triggerId: string, { bindings }: TriggerBindings, now: Date): Promise<void> {
  await db.query('delete from trigger_bindings where trigger_id = $1', [triggerId])
  await db.query(
    `insert into trigger_bindings (id, trigger_id, place, action_id, display_name, created_at, updated_at)
     select id, $1, place, action_id, display_name, created_at, $2
     from unnest($3::text[], $4::text[], $5::text[], $6::timestamptz[]) with ordinality as b(id, action_id, display_name, created_at, place)`,
    [
      triggerId,
      now,
      bindings.map(({ id }) => id),
      bindings.map(({ actionId }) => actionId),
      bindings.map(({ displayName }) => displayName),
      bindings.map(({ createdAt }) => createdAt),
    ],
  )
}
