import type pg from 'pg'
import type { RootKeys } from '../../../src/keys/root-key.js'
import { streamName } from '../../../src/event-store/event.js'
import { type ActiveFamily, family } from '../../../src/tokens/refresh-token/family.js'
import { refreshToken } from '../../../src/tokens/refresh-token/token-value.js'

export interface SeededToken {
  readonly userId: string
  readonly familyId: string
  /** Of the newest generation. */
  readonly token: string
}

/** The newest refresh tokens of people, at most so many of each, in the order of the people and of the families' ids. */
export async function newestTokens(db: pg.ClientBase | pg.Pool, rootKeys: RootKeys, userIds: readonly string[], ofEach: number): Promise<SeededToken[]> {
  const { rows } = await db.query<{ id: string; state: ActiveFamily }>(
    `select f.id, s.state from unnest($1::text[]) with ordinality as u(user_id, place)
     cross join lateral (select id from refresh_tokens where user_id = u.user_id order by id limit $2) as f
     join streams s on s.id = $3 || f.id
     order by u.place, f.id`,
    [userIds, ofEach, streamName(family.streamType, '')],
  )
  return rows.map(({ id, state }) => ({ userId: state.userId, familyId: id, token: refreshToken(rootKeys, state, id, state.generation) }))
}
