import type pg from 'pg'
import type { Mark } from '../event.js'
import { type HashedEvent, inclusionPath, type PathStep, splitLeaves, ZERO_HASH } from '../hashes.js'
import { logSeal, SEAL_COLUMNS, type SealRow } from './database-log.js'
import type { LogSeal } from './log-source.js'

/** That an event stands at a position of the sealed log: its hash, and the way from it to the root that the seal signs (docs/audit.md). */
export interface InclusionProof {
  readonly position: number
  readonly eventHash: Buffer
  /** From the leaf upwards. */
  readonly path: readonly PathStep[]
  /** Place of the event among those of the seal, from 0. */
  readonly leafIndex: number
  readonly treeSize: number
  readonly seal: LogSeal
  /** What was hashed, to the byte, with the hash of its stream's event before. */
  readonly event: HashedEvent & { readonly previous: Buffer }
}

/** Proves one position; undefined where nothing is sealed there, or where the event is missing, which `verify` tells of. Errors: the database's. */
export async function proveInclusion(db: pg.Pool, position: number): Promise<InclusionProof | undefined> {
  const { rows } = await db.query<SealRow>({
    name: 'seal-of-position',
    text: `select ${SEAL_COLUMNS} from seals where last_position >= $1 order by last_position limit 1`,
    values: [position],
  })
  const [row] = rows
  if (!row || position < row.first_position) return undefined
  const leaves = splitLeaves(row.leaves)
  const leafIndex = position - row.first_position
  const [eventHash, event] = [leaves[leafIndex], await eventAt(db, row, leafIndex)]
  if (!eventHash || !event) return undefined
  return { position, eventHash, path: inclusionPath(leaves, leafIndex), leafIndex, treeSize: leaves.length, seal: logSeal(row), event }
}

async function eventAt(db: pg.Pool, seal: SealRow, index: number): Promise<InclusionProof['event'] | undefined> {
  const { rows: before } = await db.query<Mark>('select epoch, xid, sequence from seals where number = $1', [seal.number - 1])
  const from = before[0] ?? { epoch: 0, xid: '0', sequence: 0 }
  const { rows } = await db.query<HashedEvent>({
    name: 'event-of-seal',
    text: EVENT,
    values: [from.epoch, from.xid, from.sequence, seal.epoch, seal.xid, seal.sequence, index],
  })
  const [event] = rows
  if (!event) return undefined
  if (event.version === 1) return { ...event, previous: ZERO_HASH }
  const { rows: previous } = await db.query<{ hash: Buffer }>('select hash from events where stream_id = $1 and version = $2', [
    event.streamId,
    event.version - 1,
  ])
  return previous[0] && { ...event, previous: previous[0].hash }
}

const EVENT = `
  select stream_id as "streamId", version, type, schema_version as "schemaVersion", data::text as data, metadata::text as metadata from events
  where (epoch, xid, sequence) > ($1, $2::xid8, $3) and (epoch, xid, sequence) <= ($4, $5::xid8, $6)
  order by epoch, xid, sequence offset $7 limit 1`
