import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type pg from 'pg'
import { DatabaseLog, WHOLE_LOG } from '../event-store/verification/database-log.js'
import { streamInOrder } from '../event-store/verification/cursor.js'
import { eventLine, type ExportLine, headerLine, sealLine } from '../event-store/verification/export-format.js'
import type { LogStart } from '../event-store/verification/log-source.js'
import { type Command, FINE, parseOptions, positiveNumber, UsageError } from './command.js'
import { withDatabase } from './database.js'
import { readLogKeys } from './log-keys.js'
import { inSnapshot } from './snapshot.js'
import { wholeFile } from './whole-file.js'

export interface ExportRange {
  readonly from?: number
  readonly to?: number
}

export const exportLog: Command = {
  summary: 'write the sealed log as JSON lines that verify without a database',
  help: `Usage: evergrant export [--from POSITION] [--to POSITION] [--out FILE]

Writes every sealed event with its seals and the public keys, one JSON object a line.
evergrant verify --export FILE checks it anywhere.

  --from POSITION  begins with the seal that holds this position; seals are exported whole
  --to POSITION    ends with the seal that holds this position
  --out FILE       a file instead of standard output; it appears when it is complete

Personal values stay encrypted. Exit codes: 0 done, 2 not possible.
`,
  async run(args) {
    const { values } = parseOptions(args, { options: { from: { type: 'string' }, to: { type: 'string' }, out: { type: 'string' } } })
    const range = {
      ...(values.from !== undefined && { from: positiveNumber('from', values.from) }),
      ...(values.to !== undefined && { to: positiveNumber('to', values.to) }),
    }
    if (range.from !== undefined && range.to !== undefined && range.to < range.from) throw new UsageError(`--to: ${range.to} comes before --from ${range.from}`)
    const write = (out: Writable): Promise<void> => withDatabase(({ databaseUrl, issuer }) => writeExport(databaseUrl, issuer, out, range))
    await (values.out === undefined ? write(process.stdout) : wholeFile(values.out, write))
    return FINE
  },
}

/** Writes whole seals, in one snapshot, no faster than `out` takes them. A broken log is exported as it is: verify tells. */
export function writeExport(databaseUrl: string, issuer: string, out: Writable, { from, to }: ExportRange = {}): Promise<void> {
  return inSnapshot(databaseUrl, async (db) => {
    await streamInOrder(db)
    const start = await sealBefore(db, from ?? 1)
    const keys = await readLogKeys(db)
    const log = new DatabaseLog(db, keys, start, await lastSealOf(db, to))
    let seals = 0
    let events = 0
    await put(out, [headerLine(issuer, start, keys)])
    for await (const block of log.blocks()) {
      const { seal } = block
      if (!seal) break
      await put(out, [...block.events.map((event, n) => eventLine(event, seal.firstPosition + n)), sealLine(seal)])
      seals++
      events += block.events.length
    }
    await put(out, [{ kind: 'end', seals, events }])
  })
}

async function sealBefore(db: pg.ClientBase, position: number): Promise<LogStart> {
  const { rows } = await db.query<LogStart>(
    `select number, last_position as position, hash from seals where last_position < $1 order by last_position desc limit 1`,
    [position],
  )
  return rows[0] ?? WHOLE_LOG
}

async function lastSealOf(db: pg.ClientBase, position = Number.MAX_SAFE_INTEGER): Promise<number> {
  const { rows } = await db.query<{ number: number }>(`select number from seals where first_position <= $1 order by first_position desc limit 1`, [position])
  return rows[0]?.number ?? 0
}

async function put(out: Writable, lines: readonly ExportLine[]): Promise<void> {
  if (out.errored) throw out.errored
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  if (!out.write(text)) await once(out, 'drain')
}
