import type pg from 'pg'
import { cursorPages } from '../event-store/verification/cursor.js'

const ROWS_PER_PAGE = 1000

/**
 * Each key that sealed something in the log and is gone though no event says that its person was erased, and each that is there though one does. Named
 * after the stream that says so, or would. Needs a transaction.
 */
export async function* differingPersonKeys(db: pg.ClientBase): AsyncGenerator<{ streamId: string; reason: string }> {
  for await (const page of cursorPages<{ id: string; missing: boolean }>(db, 'person_keys', ROWS_PER_PAGE, DIFFERING)) {
    for (const { id, missing } of page) {
      const reason = missing ? 'its key is missing from person_keys, and no event erased it' : 'its key is in person_keys, though it was erased'
      yield { streamId: `person-${id}`, reason }
    }
  }
}

/** What a sealed text (person-cipher.ts) begins with. */
const KEY_ID = `
  case
    when sealed ~ '^pd1\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.' then substr(sealed, 5, 36)::uuid
    when sealed ~ '^pd2\\.[A-Za-z0-9_-]{24}' then substr(encode(decode(translate(substr(sealed, 5, 24), '-_', '+/'), 'base64'), 'hex'), 1, 32)::uuid
  end`

/**
 * Origins are in most events and profiles in those of users, and neither can be written by who sends a request: elsewhere in the log a text of a stranger's
 * may look like a sealed one.
 */
const DIFFERING = `
  with used as materialized (
    select distinct ${KEY_ID} as id from (
      select metadata->>'origin' as sealed from events
      union all
      select texts[1] from events, regexp_matches(data::text, '"(pd[12]\\.[^"]+)"', 'g') as texts where stream_id > 'user-' and stream_id < 'user.'
    ) as texts
  ), erased as (
    select substr(id, length('person-') + 1) as id from streams where id > 'person-' and id < 'person.' and state->>'status' = 'erased'
  )
  select used.id, true as missing from used
  where used.id is not null and not exists (select from person_keys k where k.id = used.id) and not exists (select from erased where erased.id = used.id::text)
  union all
  select k.id, false from person_keys k where k.id::text in (select id from erased)
  order by 1`
