import { rmSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Pace } from '../row.js'
import { ScaleCluster } from './cluster.js'
import { measureRound, type Round } from './measure.js'
import { prepare, type Prepared } from './prepare.js'
import { type Measured, writeScaleReport } from './report.js'

const USAGE = `Usage: npm run bench:scale -- [--sizes 10k,1m,10m] [--seconds N] [--rounds N] [--folder DIR] [--out FILE] [--quick]

Fills a database with each number of families and compares exchange and list with those on the smallest one.
A run with the usual sizes writes docs/scale.md.

  --sizes LIST   10k,1m,10m
  --seconds N    time a row, 8
  --rounds N     3
  --folder DIR   where the databases lie while they are needed; otherwise the folder for temporary files
  --out FILE     also write the report here
  --quick        a smoke run
`
const USUAL = '10k,1m,10m'
const REPORT = 'docs/scale.md'
/** Fewer would not have as many people as are active. */
const SMALLEST = 10_000

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    sizes: { type: 'string', default: USUAL },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    folder: { type: 'string', default: os.tmpdir() },
    out: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
})
const { quick } = values
const pace: Pace = {
  quick,
  warmUpSeconds: quick ? 0.2 : 1.5,
  seconds: Number(values.seconds ?? (quick ? 0.5 : 8)),
  rounds: Number(values.rounds ?? (quick ? 1 : 3)),
}
const sizes = values.sizes.split(',').map(sizeOf)

if (values.help || sizes.some((size) => !(size >= SMALLEST)) || !(pace.seconds > 0) || !(pace.rounds >= 1)) {
  process.stderr.write(USAGE)
  process.exitCode = values.help ? 0 : 2
} else {
  await run(sizes.sort((a, b) => a - b))
}

async function run([smallest = SMALLEST, ...others]: readonly number[]): Promise<void> {
  const date = new Date()
  const machine = machineFacts()
  const folder = await mkdtemp(path.join(path.resolve(values.folder), 'evergrant-scale-'))
  // Servers end with this process; what they leave is too large to be left.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 })
      process.exit(1)
    })
  }
  try {
    const small: Filled = await fill(smallest, folder)
    const compared: Measured[] = []
    for (const families of others) compared.push(await besideSmallest(small, await fill(families, folder)))
    const rounds = compared[0]?.beside ?? (await inTurn([small])).map(([round]) => round!)
    const report = writeScaleReport([{ families: smallest, prepared: small.prepared, rounds }, ...compared], machine, date, pace)
    process.stdout.write(report)
    const file = values.out ?? (values.sizes === USUAL && !quick ? REPORT : undefined)
    if (file !== undefined) await writeFile(file, report)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Filled {
  readonly cluster: ScaleCluster
  readonly prepared: Prepared
}

async function fill(families: number, folder: string): Promise<Filled> {
  const cluster = new ScaleCluster(families, path.join(folder, String(families)))
  return { cluster, prepared: await prepare(cluster, tell) }
}

/** Its database is gone afterwards: there is room for one large one at a time. */
async function besideSmallest(small: Filled, large: Filled): Promise<Measured> {
  const rounds = await inTurn([small, large])
  await large.cluster.remove()
  return { families: large.cluster.families, prepared: large.prepared, beside: rounds.map(([first]) => first!), rounds: rounds.map(([, second]) => second!) }
}

/** In each round all clusters one after the other, every other round backwards; answers in the order of the clusters. */
async function inTurn(clusters: readonly Filled[]): Promise<Round[][]> {
  const rounds: Round[][] = []
  for (let round = 1; round <= pace.rounds; round++) {
    const measured = new Map<Filled, Round>()
    for (const filled of round % 2 ? clusters : [...clusters].reverse()) {
      measured.set(filled, await measureRound(filled.cluster, filled.prepared.scene, pace, round))
      tell(`round ${round} of ${pace.rounds} on ${filled.cluster.families} families`)
    }
    rounds.push(clusters.map((filled) => measured.get(filled)!))
  }
  return rounds
}

/** `10k`, `1m`, or a number; NaN for anything else. */
function sizeOf(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+)([km]?)$/.exec(text.trim()) ?? []
  return digits === '' ? NaN : Number(digits) * { '': 1, k: 1000, m: 1_000_000 }[unit]!
}

/** What figures depend on; nothing that names the machine. */
function machineFacts(): string[] {
  const cpus = os.cpus()
  const memory = `${(os.totalmem() / 2 ** 30).toFixed(0)} GB memory`
  const load = `load ${os.loadavg()[0]!.toFixed(1)} before the start`
  return [`${cpus.length} cores (${cpus[0]?.model.trim() || 'unknown'}), ${memory}, ${os.type()} ${os.arch()}; ${load}`, `Node ${process.versions.node}`]
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}
