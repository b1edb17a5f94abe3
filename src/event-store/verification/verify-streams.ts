import type pg from 'pg'
import { LogFlaw } from './log-source.js'

/**
 * Each stream's row stands where its events end, and every event belongs to a row. The whole log must have been verified in
 * the same snapshot: here events are only counted. Answers the number of streams. Errors: LogFlaw with the first stream that differs.
 */
export async function verifyStreams(db: pg.ClientBase): Promise<number> {
  await refuse<Uneven>(db, UNEVEN, ({ version, last, events }) => {
    if (version === null) return { version: last!, reason: 'has events but no stream row' }
    if (last === null) return { version, reason: 'has a stream row but no events' }
    if (version !== last) return { version: Math.min(version, last), reason: `its row stands at version ${version}, its events end at version ${last}` }
    return { version, reason: `has ${events} events up to version ${last}: one is missing or there twice` }
  })
  await refuse<Torn>(db, TORN, ({ version, same_hash: sameHash, typed }) => {
    if (!typed) return { version, reason: "its row's type is not the one in its name" }
    return { version, reason: sameHash ? "its row's time is not the last event's" : "its row's head hash is not the last event's hash" }
  })
  const { rows } = await db.query<{ streams: number }>(`select count(*) as streams from streams`)
  return rows[0]!.streams
}

async function refuse<R extends { id: string }>(db: pg.ClientBase, query: string, explain: (row: R) => { version: number; reason: string }): Promise<void> {
  const { rows } = await db.query<R>(query)
  if (rows[0]) throw new LogFlaw({ kind: 'stream', streamId: rows[0].id, ...explain(rows[0]) })
}

interface Uneven {
  id: string
  version: number | null
  last: number | null
  events: number | null
}

const UNEVEN = `
  select coalesce(s.id, e.stream_id) as id, s.version, e.last, e.events
  from streams s full join (select stream_id, max(version) as last, count(*) as events from events group by stream_id) as e on e.stream_id = s.id
  where s.id is null or e.stream_id is null or s.version <> e.last or s.version <> e.events
  order by 1 limit 1`

interface Torn {
  id: string
  version: number
  same_hash: boolean
  typed: boolean
}

const TORN = `
  select s.id, s.version, s.head_hash = e.hash as same_hash, starts_with(s.id, s.type || '-') as typed
  from streams s join events e on e.stream_id = s.id and e.version = s.version
  where s.head_hash <> e.hash or s.last_at <> e.occurred_at or not starts_with(s.id, s.type || '-')
  order by 1 limit 1`
