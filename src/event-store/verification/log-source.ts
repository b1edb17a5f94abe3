import type { KeyObject } from 'node:crypto'
import type { HashedEvent, SealContent } from '../hashes.js'

/** An event as it is stored, with what a verifier has to know of its surroundings. */
export interface LogEvent extends HashedEvent {
  readonly hash: Buffer
  /** Hash of the stream's event before, zeros for the first; undefined where no such event stands earlier in the log. */
  readonly previous: Buffer | undefined
  /** What is wrong with the way it is stored, beyond what hashes tell. */
  readonly flaw?: string
}

export interface LogSeal extends SealContent {
  readonly leaves: Buffer
  readonly hash: Buffer
  readonly keyId: string
  readonly signature: Buffer
}

/** The events that one seal should cover, then the seal. Without a seal: events at the log's end that are not sealed yet. */
export interface LogBlock {
  readonly events: readonly LogEvent[]
  readonly seal?: LogSeal
}

/** `flaw` says why the key must not be trusted; `isClaimed`: the source alone says that it is the log's. */
export interface LogKey {
  readonly publicKey: KeyObject
  readonly isClaimed?: true
  readonly flaw?: string
}

/** The last seal before a part of the log; of a whole log: number and position 0, a hash of zeros. */
export interface LogStart {
  readonly number: number
  readonly position: number
  readonly hash: Buffer
}

/** A log to verify or to export: the database (database-log.ts) or an export file (export-file.ts). */
export interface LogSource {
  readonly start: LogStart
  readonly keys: ReadonlyMap<string, LogKey>
  /** In log order, a bounded number of events at a time. Throws LogFlaw for what cannot be read as a log. */
  blocks(): AsyncIterable<LogBlock>
  /** Which event had a hash that is not where it should be, and whether it stands elsewhere in the log now. Slow: asked once, for a report. */
  trace?(hash: Buffer): Promise<Traced | undefined>
}

export interface Traced {
  readonly streamId: string
  readonly version: number
  readonly elsewhere: boolean
}

type FlawKind = 'edited' | 'missing' | 'inserted' | 'moved' | 'seal' | 'key' | 'stream' | 'checkpoint' | 'file'

/** The first thing that is wrong with a log. */
export interface Finding {
  readonly kind: FlawKind
  readonly reason: string
  readonly position?: number
  readonly unsealed?: boolean
  readonly streamId?: string
  readonly version?: number
  readonly seal?: { readonly number: number; readonly firstPosition: number; readonly lastPosition: number }
}

export class LogFlaw extends Error {
  constructor(readonly finding: Finding) {
    super(describe(finding))
  }
}

/** `position 1234 (stream refresh_token_family-rt_…, version 3): event was edited: …` */
export function describe({ position, unsealed, streamId, version, seal, reason }: Finding): string {
  if (seal) return `seal ${seal.number} (positions ${seal.firstPosition}..${seal.lastPosition}): ${reason}`
  const stream = streamId && `stream ${printable(streamId)}${version === undefined ? '' : `, version ${version}`}`
  if (position === undefined) return stream ? `${stream}: ${reason}` : reason
  return `position ${position}${unsealed ? ', not sealed yet' : ''}${stream ? ` (${stream})` : ''}: ${reason}`
}

/** A manipulated name must not manipulate the terminal that it is printed to. */
// eslint-disable-next-line no-control-regex -- they are what is replaced
const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')
