import { type KeyObject, verify } from 'node:crypto'
import { ed25519Key } from './ed25519-key.js'
import { LogFlaw, type LogSeal, type LogSource, type LogStart } from './log-source.js'

const CHECKPOINT_FORMAT = 'evergrant-checkpoint-1'

/** A seal to keep away from the database: later it shows that the log up to it is still the same. */
export interface LogCheckpoint {
  readonly issuer: string
  readonly sealNumber: number
  readonly lastPosition: number
  readonly sealHash: Buffer
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly signature: Buffer
  readonly sealedAt: string
}

/** As it is written to files, posted and sent along with log streams. */
export const checkpointDocument = (issuer: string, seal: LogSeal, publicKey: KeyObject): object => ({
  format: CHECKPOINT_FORMAT,
  issuer,
  sealNumber: seal.number,
  lastPosition: seal.lastPosition,
  sealHash: seal.hash.toString('hex'),
  keyId: seal.keyId,
  publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
  signature: seal.signature.toString('base64'),
  sealedAt: seal.sealedAt.toISOString(),
})

export const writeCheckpoint = (issuer: string, seal: LogSeal, publicKey: KeyObject): string =>
  `${JSON.stringify(checkpointDocument(issuer, seal, publicKey), undefined, 2)}\n`

/** Errors: what is wrong with the text, as an Error for the operator. */
export function readCheckpoint(text: string): LogCheckpoint {
  const raw = JSON.parse(text) as Record<string, unknown>
  if (raw?.format !== CHECKPOINT_FORMAT) throw new Error(`its format is not ${CHECKPOINT_FORMAT}`)
  const string = (name: string): string => {
    const value = raw[name]
    if (typeof value !== 'string') throw new Error(`${name} is missing`)
    return value
  }
  const positive = (name: string): number => {
    const value = raw[name]
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) throw new Error(`${name} is missing`)
    return value
  }
  const publicKey = ed25519Key(Buffer.from(string('publicKey'), 'base64'))
  if (!publicKey) throw new Error('publicKey is not an Ed25519 key')
  return {
    issuer: string('issuer'),
    sealNumber: positive('sealNumber'),
    lastPosition: positive('lastPosition'),
    sealHash: Buffer.from(string('sealHash'), 'hex'),
    keyId: string('keyId'),
    publicKey,
    signature: Buffer.from(string('signature'), 'base64'),
    sealedAt: string('sealedAt'),
  }
}

/** The checkpoint is genuine, and of a log with this key. Errors: LogFlaw. */
export function checkCheckpoint({ sealHash, keyId, publicKey, signature }: LogCheckpoint, { keys, start }: LogSource): void {
  const position = start.position + 1
  if (!verify(null, sealHash, publicKey, signature)) throw new LogFlaw({ kind: 'checkpoint', reason: "the checkpoint's own signature is not valid" })
  if (!keys.get(keyId)?.publicKey.equals(publicKey)) {
    throw new LogFlaw({ kind: 'checkpoint', position, reason: `the log was rewritten: it is not signed with the checkpoint's key ${keyId}` })
  }
}

/** Whether the seal is the checkpoint's; false for an earlier or later one. Errors: LogFlaw when it should be and is not. */
export function matchesCheckpoint({ sealNumber, lastPosition, sealHash }: LogCheckpoint, seal: LogStart): boolean {
  if (sealNumber !== seal.number) return false
  if (sealHash.equals(seal.hash) && lastPosition === seal.position) return true
  throw new LogFlaw({ kind: 'checkpoint', position: seal.position, reason: `the log was rewritten: seal ${sealNumber} is not the one of the checkpoint` })
}

/** Why a checkpoint was met nowhere: the log begins after it, ends before it, or is another one. */
export function unmatchedCheckpoint({ sealNumber, lastPosition }: LogCheckpoint, end: LogStart, start: LogStart): LogFlaw {
  const flaw = (position: number, reason: string): LogFlaw => new LogFlaw({ kind: 'checkpoint', position, reason })
  if (sealNumber < start.number) return flaw(start.position + 1, `this part of the log begins after the checkpoint's seal ${sealNumber}`)
  const short = `the log ends with seal ${end.number}, the checkpoint has seal ${sealNumber} up to position ${lastPosition}`
  // As many events in fewer seals: it was sealed anew.
  return end.position < lastPosition ? flaw(end.position + 1, `events are missing: ${short}`) : flaw(start.position + 1, `the log was rewritten: ${short}`)
}
