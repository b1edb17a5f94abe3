import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { DatabaseLog } from '../event-store/verification/database-log.js'
import { planFreely, streamInOrder } from '../event-store/verification/cursor.js'
import { openExport } from '../event-store/verification/export-file.js'
import { type LogCheckpoint, readCheckpoint, writeCheckpoint } from '../event-store/verification/log-checkpoint.js'
import { describe, type Finding, LogFlaw, type LogKey } from '../event-store/verification/log-source.js'
import { type VerifiedLog, verifyLog } from '../event-store/verification/verify-log.js'
import { verifyStreams } from '../event-store/verification/verify-streams.js'
import type { RootKeys } from '../keys/root-key.js'
import { type Command, FINE, FOUND_WRONG, parseOptions } from './command.js'
import { withDatabase } from './database.js'
import { readLogKeys } from './log-keys.js'
import { inSnapshot } from './snapshot.js'
import { wholeFile } from './whole-file.js'

export interface Verified extends VerifiedLog {
  readonly streams: number
  readonly issuer: string
  readonly keys: ReadonlyMap<string, LogKey>
}

type Verification = { readonly ok: true; readonly log: Verified } | { readonly ok: false; readonly finding: Finding }

export const verify: Command = {
  summary: 'check that no event was edited, removed, added or moved',
  help: `Usage: evergrant verify [--export FILE] [--checkpoint FILE]... [--write-checkpoint FILE] [--json]

Checks the log in the database, or offline the one in an export, and names the first position that is wrong.

  --export FILE            an export instead of the database; - reads standard input. Needs no configuration
  --checkpoint FILE        an earlier checkpoint that the log must still contain; may be given several times.
                           Only this finds a log whose newest events were cut off, or an export that was
                           rewritten as a whole with another key. Keep checkpoints away from the database
                           (LOG_CHECKPOINT_FILE has the service write one, docs/audit.md)
  --write-checkpoint FILE  after a good verification writes the newest checkpoint
  --json                   the result as one JSON object

Exit codes: 0 the log is intact, 1 it is not, 2 it could not be checked.
`,
  async run(args) {
    const { values } = parseOptions(args, {
      options: {
        export: { type: 'string' },
        checkpoint: { type: 'string', multiple: true },
        'write-checkpoint': { type: 'string' },
        json: { type: 'boolean' },
      },
    })
    const checkpoints = await Promise.all((values.checkpoint ?? []).map(readCheckpointFile))
    const file = values.export
    const result =
      file === undefined
        ? await withDatabase(({ databaseUrl, issuer, rootKeys }) => verifyDatabase(databaseUrl, rootKeys, issuer, checkpoints))
        : await verifyExport(file === '-' ? process.stdin : createReadStream(file), checkpoints)
    const checkpointFile = values['write-checkpoint']
    if (result.ok && checkpointFile !== undefined) await writeCheckpointFile(checkpointFile, result.log)
    const unconfirmed = file !== undefined && checkpoints.length === 0
    process.stdout.write(values.json ? `${JSON.stringify(forMachines(result))}\n` : forPeople(result, unconfirmed))
    return result.ok ? FINE : FOUND_WRONG
  },
}

/**
 * Verifies the live log in one snapshot: seals, events, streams, and that the signing keys are this service's own. Errors: UnknownRootKeyError when
 * the list lacks the key that would tell.
 */
export function verifyDatabase(databaseUrl: string, rootKeys: RootKeys, issuer: string, checkpoints: readonly LogCheckpoint[] = []): Promise<Verification> {
  return finding(() =>
    inSnapshot(databaseUrl, async (db) => {
      const keys = await readLogKeys(db, rootKeys)
      await streamInOrder(db)
      const log = await verifyLog(new DatabaseLog(db, keys), checkpoints)
      await planFreely(db)
      return { ...log, streams: await verifyStreams(db), issuer, keys }
    }),
  )
}

/** Verifies an export with nothing but the file. */
export function verifyExport(file: Readable, checkpoints: readonly LogCheckpoint[] = []): Promise<Verification> {
  return finding(async () => {
    const source = await openExport(file)
    const log = await verifyLog(source, checkpoints)
    return { ...log, streams: source.streams, issuer: source.issuer, keys: source.keys }
  })
}

async function finding(work: () => Promise<Verified>): Promise<Verification> {
  try {
    return { ok: true, log: await work() }
  } catch (error) {
    if (error instanceof LogFlaw) return { ok: false, finding: error.finding }
    throw error
  }
}

async function readCheckpointFile(file: string): Promise<LogCheckpoint> {
  try {
    return readCheckpoint(await readFile(file, 'utf8'))
  } catch (error) {
    throw new Error(`--checkpoint ${file}: ${(error as Error).message}`, { cause: error })
  }
}

/** Never leaves half a checkpoint where the last good one was. */
async function writeCheckpointFile(file: string, { head, issuer, keys }: Verified): Promise<void> {
  if (!head) throw new Error(`--write-checkpoint ${file}: nothing is sealed yet, so there is no checkpoint to write`)
  const text = writeCheckpoint(issuer, head, keys.get(head.keyId)!.publicKey)
  await wholeFile(file, (out) => Promise.resolve(void out.write(text)))
}

function forPeople(result: Verification, unconfirmed: boolean): string {
  if (!result.ok) return `${describe(result.finding)}\n`
  const { events, seals, streams, unsealed, head } = result.log
  const sealed = head ? `last position ${head.lastPosition}, head seal ${head.number} ${head.hash.toString('hex')}` : 'nothing sealed'
  const trust = unconfirmed && head ? `; signed with key ${head.keyId}, taken from the file: --checkpoint confirms it` : ''
  return `verified ${events} events in ${seals} seals, ${streams} streams: ${sealed}, ${unsealed} not sealed yet${trust}\n`
}

function forMachines(result: Verification): object {
  if (!result.ok) return { ok: false, message: describe(result.finding), ...result.finding }
  const { events, seals, streams, unsealed, head } = result.log
  const lastSeal = head && { lastPosition: head.lastPosition, sealNumber: head.number, sealHash: head.hash.toString('hex'), keyId: head.keyId }
  return { ok: true, events, seals, streams, unsealed, ...lastSeal }
}
