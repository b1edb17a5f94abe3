import { verify } from 'node:crypto'
import { eventHash, merkleRoot, sealHash, splitLeaves } from '../hashes.js'
import { checkCheckpoint, type LogCheckpoint, matchesCheckpoint, unmatchedCheckpoint } from './log-checkpoint.js'
import { firstDifference } from './log-difference.js'
import { type Finding, type LogBlock, type LogEvent, LogFlaw, type LogSeal, type LogSource, type LogStart } from './log-source.js'

export interface VerifiedLog {
  readonly events: number
  readonly unsealed: number
  readonly seals: number
  /** The newest seal; undefined when the source holds none. */
  readonly head: LogSeal | undefined
}

/**
 * Checks a log from its start: every seal and its signature, every event against its seal, its content and its stream.
 * Memory does not grow with the log. `checkpoints` are earlier seals, kept elsewhere, that the log must still contain.
 * Errors: LogFlaw with the first thing that is wrong.
 */
export async function verifyLog(source: LogSource, checkpoints: readonly LogCheckpoint[] = []): Promise<VerifiedLog> {
  let last: LogStart = source.start
  let head: LogSeal | undefined
  let unsealed = 0
  for (const checkpoint of checkpoints) checkCheckpoint(checkpoint, source)
  let open = checkpoints.filter((checkpoint) => !matchesCheckpoint(checkpoint, source.start))
  const confirmed = new Set(checkpoints.map(({ keyId }) => keyId))
  for await (const { events, seal } of source.blocks()) {
    if (seal) {
      checkSeal(seal, last, source, checkpoints.length > 0 && open.length === 0 ? confirmed : undefined)
      await checkSealedEvents({ events, seal }, source)
      head = seal
      const here: LogStart = { number: seal.number, position: seal.lastPosition, hash: seal.hash }
      open = open.filter((checkpoint) => !matchesCheckpoint(checkpoint, here))
      last = here
    } else {
      for (const event of events) checkEvent(event, { position: last.position + ++unsealed, unsealed: true })
    }
  }
  if (open[0]) throw unmatchedCheckpoint(open[0], last, source.start)
  const sealed = last.position - source.start.position
  return { events: sealed + unsealed, unsealed, seals: last.number - source.start.number, head }
}

/**
 * The seal continues the one before, is intact, and is signed by a key of this log. `confirmed`: the checkpoints' keys, for a seal behind all of them,
 * which no checkpoint covers.
 */
function checkSeal(seal: LogSeal, before: LogStart, { keys }: LogSource, confirmed: ReadonlySet<string> | undefined): void {
  const { number, firstPosition, lastPosition } = seal
  const fail = (reason: string, kind: Finding['kind'] = 'seal'): never => {
    throw new LogFlaw({ kind, position: firstPosition, seal: { number, firstPosition, lastPosition }, reason })
  }
  if (number !== before.number + 1) {
    const position = before.position + 1
    throw new LogFlaw({ kind: 'seal', position, reason: `seal ${before.number + 1}, which begins here, is missing: the next one found is seal ${number}` })
  }
  if (firstPosition !== before.position + 1) fail(`does not begin after position ${before.position}, where the seal before ends`)
  if (!seal.previousHash.equals(before.hash)) fail('does not continue the seal before: its previous hash is another one')
  if (Number.isNaN(seal.sealedAt.getTime()) || !sealHash(seal).equals(seal.hash)) fail('was edited: its content does not match its hash')
  const key = keys.get(seal.keyId)
  if (!key) return fail(`is signed by the unknown key ${seal.keyId}`, 'key')
  if (key.flaw) fail(`is signed by key ${seal.keyId}, which is not this service's: ${key.flaw}`, 'key')
  if (key.isClaimed && confirmed && !confirmed.has(seal.keyId)) fail(`is signed by key ${seal.keyId}, which no checkpoint confirms`, 'key')
  if (!verify(null, seal.hash, key.publicKey, seal.signature)) fail('signature is not valid')
}

/** The events are those that the seal lists, in its order; then each is checked for itself. */
async function checkSealedEvents({ events, seal }: LogBlock & { seal: LogSeal }, source: LogSource): Promise<void> {
  const leaves = splitLeaves(seal.leaves)
  const { number, firstPosition, lastPosition } = seal
  const intact = leaves.length > 0 && seal.leaves.length === (lastPosition - firstPosition + 1) * 32 && merkleRoot(leaves).equals(seal.merkleRoot)
  if (!intact) {
    const listed = events.findIndex(({ hash }, n) => !leaves[n]?.equals(hash))
    const position = firstPosition + Math.max(0, listed)
    const where = `its list of event hashes does not match its signed root${listed < 0 ? '' : `, first at position ${position}`}`
    throw new LogFlaw({ kind: 'seal', position, seal: { number, firstPosition, lastPosition }, reason: `was edited: ${where}` })
  }
  const end = Math.max(events.length, leaves.length)
  for (let n = 0; n < end; n++) {
    const event = events[n]
    if (!event || !leaves[n]?.equals(event.hash)) throw new LogFlaw(await firstDifference(n, events, leaves, seal, source))
    checkEvent(event, { position: firstPosition + n })
  }
}

/** The content is what was hashed, and the stream leads up to it. */
function checkEvent(event: LogEvent, place: { position: number; unsealed?: true }): void {
  const { streamId, version, previous, flaw } = event
  const fail = (kind: Finding['kind'], reason: string): never => {
    throw new LogFlaw({ kind, ...place, streamId, version, reason })
  }
  if (!previous) return fail('moved', flaw ?? 'its predecessor is missing')
  // A line break inside a part could make two different events read as the same hashed lines.
  for (const part of [streamId, event.type, event.data, event.metadata])
    if (CONTROL.test(part)) fail('edited', 'event was edited: it holds a raw control character')
  if (!eventHash(previous, event).equals(event.hash)) fail('edited', 'event was edited: its content does not match its hash')
  if (flaw) fail('edited', `event was edited: ${flaw}`)
}

// eslint-disable-next-line no-control-regex -- JSON.stringify escapes all of them, so none can be genuine
const CONTROL = /[\u0000-\u001f]/
