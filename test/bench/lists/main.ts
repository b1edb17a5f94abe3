import { rmSync } from 'node:fs'
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { measureDatabase, type MeasuredLists } from './database.js'
import { count, writeListReport } from './report.js'
import type { ListSizes } from './seed.js'

const USAGE = `Usage: npm run bench:lists -- [--tokens 10m] [--logs 20m] [--seconds N] [--folder DIR] [--out FILE]

Fills a small database (10k refresh tokens, 20k rows of the log) and one of the given size, and asks every list of the Management API on both.
A run with the usual sizes writes docs/lists.md.

  --tokens N     refresh tokens, 10m
  --logs N       rows of the log, 20m
  --seconds N    time for each list at most, 4
  --folder DIR   where the databases lie while they are needed; otherwise the folder for temporary files
  --out FILE     where the report goes
`
const USUAL = { tokens: '10m', logs: '20m' }
const SMALL: ListSizes = { tokens: 10_000, logs: 20_000 }
const REPORT = 'docs/lists.md'
const MOST_REQUESTS = 400
/** Bytes of a refresh token with its share of everything else, of a row of the log, and for sorting. */
const ROOM = { token: 3000, log: 1600, spare: 3e9 }

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    tokens: { type: 'string', default: USUAL.tokens },
    logs: { type: 'string', default: USUAL.logs },
    seconds: { type: 'string', default: '4' },
    folder: { type: 'string', default: os.tmpdir() },
    out: { type: 'string' },
  },
})
const sizes: ListSizes = { tokens: sizeOf(values.tokens), logs: sizeOf(values.logs) }
const pace = { seconds: Number(values.seconds), requests: MOST_REQUESTS }

if (values.help || !(sizes.tokens >= 100) || !(sizes.logs >= 100) || !(pace.seconds > 0)) {
  process.stderr.write(USAGE)
  process.exitCode = values.help ? 0 : 2
} else {
  await run()
}

async function run(): Promise<void> {
  const load = os.loadavg()[0]!
  const folder = await mkdtemp(path.join(path.resolve(values.folder), 'evergrant-lists-'))
  // Servers end with this process; what they leave is too large to be left.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 })
      process.exit(1)
    })
  }
  try {
    await refuseWithoutRoom(folder)
    const measure = async (name: string, size: ListSizes): Promise<MeasuredLists> => {
      const measured = await measureDatabase(path.join(folder, name), size, pace, (line) => process.stderr.write(`${line}\n`))
      await rm(path.join(folder, name), { recursive: true, force: true })
      return measured
    }
    const [small, large] = [await measure('small', SMALL), await measure('large', sizes)]
    const report = writeListReport(small, large, factsOf(load))
    process.stdout.write(report)
    const usual = values.tokens === USUAL.tokens && values.logs === USUAL.logs
    const file = values.out ?? (usual ? REPORT : undefined)
    if (file !== undefined) await writeFile(file, report)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What figures depend on; nothing that names the machine. */
function factsOf(load: number): string[] {
  const cpus = os.cpus()
  const machine = `${cpus.length} cores (${cpus[0]?.model.trim() || 'unknown'}), ${(os.totalmem() / 2 ** 30).toFixed(0)} GB memory; load ${load.toFixed(1)} before the start`
  const database = ({ tokens, logs }: ListSizes): string => `${count(tokens)} refresh tokens and ${count(logs)} rows of the log`
  return [`small: ${database(SMALL)}; large: ${database(sizes)}`, machine, `Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`]
}

async function refuseWithoutRoom(folder: string): Promise<void> {
  const needed = sizes.tokens * ROOM.token + sizes.logs * ROOM.log + ROOM.spare
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < needed) throw new Error(`${gigabytes(needed)} are needed in ${folder}, where ${gigabytes(bavail * bsize)} are free`)
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(0)} GB`

/** `10k`, `1m`, or a number; NaN for anything else. */
function sizeOf(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+)([km]?)$/.exec(text.trim()) ?? []
  return digits === '' ? NaN : Number(digits) * { '': 1, k: 1000, m: 1_000_000 }[unit]!
}
