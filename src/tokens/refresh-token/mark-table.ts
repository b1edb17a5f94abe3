import type pg from 'pg'
import type { RefreshTokenMark } from './mark.js'

/** Adds the mark that the stream's state says, in the transaction of its event. Earlier ones stay: a family ended by the first that came after it began. */
export async function writeMark(db: pg.PoolClient, key: string, state: RefreshTokenMark): Promise<void> {
  if (state.status === 'none') throw new Error('a mark is written that was not made')
  const { before, reason } = state
  await db.query('insert into refresh_token_marks (key, before, reason) values ($1, $2, $3) on conflict do nothing', [key, before, reason])
}

/** Leaves out what a mark has ended: a condition on the row `t` of refresh_tokens. */
export const UNMARKED = `not exists (
    select from refresh_token_marks m
    where m.key = any(refresh_token_mark_keys(t.user_id, t.client_id, t.audience, t.session_id, t.organization_id))
      and m.before >= coalesce(t.authorized_at, t.created_at))`
