import { hash as digest } from 'node:crypto'

/** In one call, which costs half of what a hash object does. */
const sha256 = (data: string | Buffer): Buffer => digest('sha256', data, 'buffer')

export const ZERO_HASH: Buffer = Buffer.alloc(32)

/** What an event's hash covers; `data` and `metadata` are the stored JSON texts, byte for byte. */
export interface HashedEvent {
  readonly streamId: string
  readonly version: number
  readonly type: string
  readonly schemaVersion: number
  readonly data: string
  readonly metadata: string
}

/**
 * SHA-256 over lines: a tag, the hash of the stream's previous event (zeros for the first), then the event.
 * No part can contain a line break (JSON.stringify escapes them), so the lines can be read in one way only.
 */
export function eventHash(previous: Buffer, event: HashedEvent): Buffer {
  const { streamId, version, type, schemaVersion, data, metadata } = event
  return sha256(`evergrant-event-1\n${previous.toString('hex')}\n${streamId}\n${version}\n${type}\n${schemaVersion}\n${data}\n${metadata}`)
}

/** The bytes that a seal's hash covers; its signature covers that hash. Numbers are decimal, hashes hex. */
export interface SealContent {
  readonly number: number
  readonly firstPosition: number
  readonly lastPosition: number
  readonly epoch: number
  readonly xid: string
  readonly sequence: number
  readonly merkleRoot: Buffer
  readonly previousHash: Buffer
  readonly sealedAt: Date
}

export function sealHash(seal: SealContent): Buffer {
  return sha256(
    [
      'evergrant-seal-1',
      seal.number,
      seal.firstPosition,
      seal.lastPosition,
      seal.epoch,
      seal.xid,
      seal.sequence,
      seal.merkleRoot.toString('hex'),
      seal.previousHash.toString('hex'),
      seal.sealedAt.toISOString(),
    ].join('\n'),
  )
}

const [LEAF, NODE] = [Buffer.from([0]), Buffer.from([1])]
const leafHash = (eventHash: Buffer): Buffer => sha256(Buffer.concat([LEAF, eventHash]))
const nodeHash = (left: Buffer, right: Buffer): Buffer => sha256(Buffer.concat([NODE, left, right]))

/** Merkle tree hash of RFC 6962 §2.1 over event hashes; at least one. */
export function merkleRoot(eventHashes: readonly Buffer[]): Buffer {
  let level = eventHashes.map(leafHash)
  while (level.length > 1) level = parents(level)
  return level[0]!
}

/** A step on the way from a leaf to the root: the hash of the neighbour, and the side on which it stands. */
export interface PathStep {
  readonly side: 'left' | 'right'
  readonly hash: Buffer
}

/** Merkle audit path of RFC 6962 §2.1.1 for the event hash at `index`, from the leaf upwards. A level's last node without a neighbour has no step. */
export function inclusionPath(eventHashes: readonly Buffer[], index: number): PathStep[] {
  const path: PathStep[] = []
  let level = eventHashes.map(leafHash)
  for (let at = index; level.length > 1; at = at >> 1) {
    const neighbour = level[at ^ 1]
    if (neighbour) path.push({ side: at % 2 === 1 ? 'left' : 'right', hash: neighbour })
    level = parents(level)
  }
  return path
}

function parents(level: readonly Buffer[]): Buffer[] {
  const next: Buffer[] = []
  for (let i = 0; i < level.length; i += 2) {
    const left = level[i]!
    const right = level[i + 1]
    next.push(right ? nodeHash(left, right) : left)
  }
  return next
}

/** A seal's `leaves` column: the 32-byte event hashes in position order. */
export function splitLeaves(leaves: Buffer): Buffer[] {
  return Array.from({ length: leaves.length / 32 }, (_, n) => leaves.subarray(n * 32, n * 32 + 32))
}
