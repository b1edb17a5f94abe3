import type pg from 'pg'

/** What families are made of: there must be such a connection, client and API. */
export interface Scene {
  readonly connection: { readonly id: string; readonly name: string; readonly strategy: string }
  readonly clientId: string
  readonly audience: string
  readonly scope: readonly string[]
  readonly policy: { readonly absoluteSeconds: number | null; readonly idleSeconds: number | null; readonly leewaySeconds: number }
}

/** A part of the log that is made and written in one go: its families with their people, events in a row, times evenly spread. */
export interface Chunk {
  readonly firstPerson: number
  readonly people: number
  readonly families: number
  readonly epoch: number
  readonly xid: string
  /** Of the first event. */
  readonly sequence: number
  /** Of the first event. */
  readonly position: number
  /** Of the first event and after the last one, in ms. */
  readonly from: number
  readonly until: number
  /** Whether its events still stand in the tenant's log, which is kept for a while only. */
  readonly logged: boolean
}

/** Logins over the years: phones, browsers, and what was installed anew. */
export const FAMILIES_PER_PERSON = 20
/** Whose entries retention has left in the tenant's log, the newest: neither exchanges nor lists of tokens come near it. */
export const loggedOf = (families: number): number => Math.min(families / 10, 5000)
/** Small enough for a thread's memory, large enough that a transaction costs nothing. */
const PEOPLE_PER_CHUNK = 50
/** Within the idle lifetime, so that every family is alive. */
const SPAN_MS = 10 * 86_400_000

/** Two for each family: its start, and one rotation. */
const eventsOf = (people: number, families: number): number => people + 2 * families

/** Names a person; `auth0|` and 24 hex digits, as for people who signed up. Neighbours in number are none in the index. */
export const userIdOf = (person: number): string =>
  `auth0|${(BigInt(person + 1) * 0x9e3779b97f4a7c15f39cc0605cedc835n).toString(16).padStart(32, '0').slice(-24)}`

/**
 * Divides the families into chunks, and takes transaction ids and sequence numbers for them, so that the order of the log is known before it is
 * written, whoever writes what first. Nothing else may append meanwhile.
 */
export async function planChunks(db: pg.Client, families: number, now: Date, peoplePerChunk = PEOPLE_PER_CHUNK): Promise<Chunk[]> {
  const { rows } = await db.query<{ events: number; epoch: number }>(`select (select count(*) from events) as events, (select max(epoch) from epochs) as epoch`)
  const { events: before, epoch } = rows[0]!
  const people = Math.ceil(families / FAMILIES_PER_PERSON)
  const total = eventsOf(people, families)
  const reserved = await db.query<{ last: number }>(`select setval('event_sequence', nextval('event_sequence') + $1) as last`, [total])
  const firstSequence = reserved.rows[0]!.last - total
  const start = now.getTime() - SPAN_MS
  const timeOf = (events: number): number => Math.floor(start + (SPAN_MS * events) / total)
  const chunks: Chunk[] = []
  for (let person = 0, done = 0; person < people; person += peoplePerChunk) {
    const size = Math.min(peoplePerChunk, people - person)
    const ofThem = Math.min(size * FAMILIES_PER_PERSON, families - person * FAMILIES_PER_PERSON)
    const { rows: taken } = await db.query<{ xid: string }>(`select pg_current_xact_id()::text as xid`)
    const events = eventsOf(size, ofThem)
    const times = { from: timeOf(done), until: timeOf(done + events) }
    const place = { epoch, xid: taken[0]!.xid, sequence: firstSequence + done, position: before + 1 + done }
    const logged = families - person * FAMILIES_PER_PERSON <= loggedOf(families)
    chunks.push({ firstPerson: person, people: size, families: ofThem, ...place, ...times, logged })
    done += events
  }
  return chunks
}
