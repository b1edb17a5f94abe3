import type { KeyObject } from 'node:crypto'
import { ed25519Key } from './ed25519-key.js'
import type { LogEvent, LogKey, LogSeal, LogStart } from './log-source.js'

export const EXPORT_FORMAT = 'evergrant-log-1'

/**
 * The lines of an export, each a JSON object with its kind: one header; per seal its events, then the seal; one end.
 * Event texts are strings, so that they keep the bytes that were hashed; hashes are hex, other bytes base64.
 */
export type ExportLine = HeaderLine | EventLine | SealLine | EndLine

/** `previousSealHash` and the numbers beside it are the seal before the first one of this file; zeros for a whole log. */
export interface HeaderLine {
  readonly kind: 'header'
  readonly format: string
  readonly issuer: string
  readonly previousSeal: number
  readonly previousPosition: number
  readonly previousSealHash: string
  readonly keys: readonly { readonly id: string; readonly publicKey: string }[]
}

/** `previousHash` is null where the exporter found no event before it: verify says so. */
export interface EventLine {
  readonly kind: 'event'
  readonly position: number
  readonly streamId: string
  readonly version: number
  readonly type: string
  readonly schemaVersion: number
  readonly data: string
  readonly metadata: string
  readonly previousHash: string | null
  readonly hash: string
}

interface SealLine {
  readonly kind: 'seal'
  readonly number: number
  readonly firstPosition: number
  readonly lastPosition: number
  readonly epoch: number
  readonly xid: string
  readonly sequence: number
  readonly leaves: string
  readonly merkleRoot: string
  readonly previousHash: string
  readonly sealedAt: string
  readonly hash: string
  readonly keyId: string
  readonly signature: string
}

/** Tells a file that was cut by accident; that a log was cut on purpose only a checkpoint tells. */
export interface EndLine {
  readonly kind: 'end'
  readonly seals: number
  readonly events: number
}

export const headerLine = (issuer: string, start: LogStart, keys: ReadonlyMap<string, { publicKey: KeyObject }>): HeaderLine => ({
  kind: 'header',
  format: EXPORT_FORMAT,
  issuer,
  previousSeal: start.number,
  previousPosition: start.position,
  previousSealHash: start.hash.toString('hex'),
  keys: [...keys].map(([id, { publicKey }]) => ({ id, publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64') })),
})

export const eventLine = ({ streamId, version, type, schemaVersion, data, metadata, previous, hash }: LogEvent, position: number): EventLine => ({
  kind: 'event',
  position,
  streamId,
  version,
  type,
  schemaVersion,
  data,
  metadata,
  previousHash: previous?.toString('hex') ?? null,
  hash: hash.toString('hex'),
})

export const sealLine = (seal: LogSeal): SealLine => ({ kind: 'seal', ...sealDocument(seal), leaves: seal.leaves.toString('base64') })

/** What a seal's hash covers, with the hash and its signature. */
export const sealDocument = (seal: LogSeal): Omit<SealLine, 'kind' | 'leaves'> => ({
  number: seal.number,
  firstPosition: seal.firstPosition,
  lastPosition: seal.lastPosition,
  epoch: seal.epoch,
  xid: seal.xid,
  sequence: seal.sequence,
  merkleRoot: seal.merkleRoot.toString('hex'),
  previousHash: seal.previousHash.toString('hex'),
  // What is no time is written down as such.
  sealedAt: Number.isNaN(seal.sealedAt.getTime()) ? String(seal.sealedAt) : seal.sealedAt.toISOString(),
  hash: seal.hash.toString('hex'),
  keyId: seal.keyId,
  signature: seal.signature.toString('base64'),
})

/** Errors: an Error for what is not such a line. */
export function readLine(text: string): ExportLine {
  const line = JSON.parse(text) as ExportLine | null
  const fields = line && FIELDS[line.kind]
  if (!fields) throw new Error('is of no known kind')
  for (const [name, type] of Object.entries(fields)) {
    const value = (line as unknown as Record<string, unknown>)[name]
    if (typeof value !== type || (type === 'number' && !Number.isSafeInteger(value))) throw new Error(`${name} is not a ${type}`)
  }
  if (line.kind === 'event' && typeof line.previousHash !== 'string' && line.previousHash !== null) throw new Error('previousHash is not a string')
  return line
}

export const readSeal = (line: SealLine): LogSeal => ({
  ...line,
  leaves: Buffer.from(line.leaves, 'base64'),
  merkleRoot: Buffer.from(line.merkleRoot, 'hex'),
  previousHash: Buffer.from(line.previousHash, 'hex'),
  sealedAt: new Date(line.sealedAt),
  hash: Buffer.from(line.hash, 'hex'),
  signature: Buffer.from(line.signature, 'base64'),
})

/** Errors: an Error for what is no key. */
export const readKeys = ({ keys }: HeaderLine): Map<string, LogKey> =>
  new Map(
    keys.map(({ id, publicKey }) => {
      if (typeof id !== 'string' || typeof publicKey !== 'string') throw new Error('keys are not as they should be')
      const key = ed25519Key(Buffer.from(publicKey, 'base64'))
      if (!key) throw new Error(`keys: ${id} is not an Ed25519 key`)
      return [id, { publicKey: key, isClaimed: true }]
    }),
  )

const FIELDS = {
  header: { format: 'string', issuer: 'string', previousSeal: 'number', previousPosition: 'number', previousSealHash: 'string', keys: 'object' },
  event: {
    position: 'number',
    streamId: 'string',
    version: 'number',
    type: 'string',
    schemaVersion: 'number',
    data: 'string',
    metadata: 'string',
    hash: 'string',
  },
  seal: {
    number: 'number',
    firstPosition: 'number',
    lastPosition: 'number',
    epoch: 'number',
    xid: 'string',
    sequence: 'number',
    leaves: 'string',
    merkleRoot: 'string',
    previousHash: 'string',
    sealedAt: 'string',
    hash: 'string',
    keyId: 'string',
    signature: 'string',
  },
  end: { seals: 'number', events: 'number' },
} as const
