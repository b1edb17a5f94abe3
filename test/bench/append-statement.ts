import type pg from 'pg'
import { createPool } from '../../src/database/pool.js'
import { type Append, writeAppends } from '../../src/event-store/append-queue.js'
import type { StoredRotation } from './families.js'

/** Streams that rows append to without reading them first. */
export const STREAMS = 1024

export const streamOf = (n: number): string => `${STREAM_PREFIX}${n}`
export const STREAM_PREFIX = 'refresh_token_family-bench-'

/** A type that no projection knows: these streams have no row in a read model. */
const TYPE = 'Measured'

/** The append that moves a stream to `version`, with what a rotation stores. */
export function appendOf(rotation: StoredRotation, streamId: string, version: number, at: Date): Append {
  const { state, state_version, data, metadata, hash } = rotation
  const event = { version, type: TYPE, schemaVersion: 1, data, metadata, hash, occurredAt: at }
  return {
    streamId,
    streamType: 'refresh_token_family',
    expected: version - 1,
    version,
    headHash: hash,
    state,
    stateVersion: state_version,
    lastAt: at,
    events: [event],
  }
}

/** Brings all streams into being, at version 1; on a connection of its own, since a connection's first statements decide how it plans the later ones. */
export async function bearStreams(databaseUrl: string, rotation: StoredRotation): Promise<void> {
  const pool = createPool(databaseUrl, 1)
  const at = new Date()
  await writeAppends(
    pool,
    Array.from({ length: STREAMS }, (_, n) => appendOf(rotation, streamOf(n), 1, at)),
  )
  await pool.end()
}

/** The store's append statement and its parameters, as they would be sent. */
export async function appendStatement(append: Append): Promise<{ text: string; values: unknown[] }> {
  let sent: { text: string; values: unknown[] } | undefined
  const recorder = {
    query: (statement: { text: string; values: unknown[] }) => {
      sent = statement
      return Promise.resolve({ rows: [] })
    },
  }
  await writeAppends(recorder as unknown as pg.Pool, [append])
  return sent!
}

/** One caller's share of the streams: which it moves next, and to which version. */
export class StreamRing {
  #n = 0

  constructor(
    private readonly caller: number,
    private readonly callers: number,
  ) {}

  next(): { streamId: string; version: number } {
    const own = Math.floor(STREAMS / this.callers)
    const n = this.#n++
    return { streamId: streamOf(this.caller + this.callers * (n % own)), version: 2 + Math.floor(n / own) }
  }
}
