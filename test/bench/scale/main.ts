import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Answers } from '../http/generator.js'
import type { Pace } from '../row.js'
import { ScaleCluster } from './cluster.js'
import { CALLERS, key, QUESTIONS, type Round, type Running, running } from './measure.js'
import { prepare, type Prepared } from './prepare.js'
import { writeScaleReport } from './report.js'

const USAGE = `Usage: npm run bench:scale -- [--sizes 10k,1m,10m] [--folder DIR] [--seed] [--seconds N] [--rounds N] [--out FILE] [--quick]

Fills a database with each number of families and compares exchange and list with those on the smallest one.
A run with the usual sizes writes docs/scale.md. A database of ten million families takes some 60 GB.

  --sizes LIST   10k,1m,10m
  --folder DIR   where the databases lie, and stay: the next run with the same folder takes those that are there.
                 Without it they lie in the folder for temporary files, and are removed at the end.
  --seed         only fill the databases
  --seconds N    time a row and round, 1
  --rounds N     24: many short ones, so that all sizes share what the machine does meanwhile
  --out FILE     also write the report here
  --quick        a smoke run
`
const USUAL = '10k,1m,10m'
const REPORT = 'docs/scale.md'
/** Each comes from the disk, where there is more than memory holds. */
const FIRST_ANSWERS = 1000
/** Fewer would not have as many people as are active. */
const SMALLEST = 10_000

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    sizes: { type: 'string', default: USUAL },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    folder: { type: 'string' },
    seed: { type: 'boolean', default: false },
    out: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
})
const { quick } = values
const pace: Pace = {
  quick,
  warmUpSeconds: quick ? 0.2 : 1.5,
  seconds: Number(values.seconds ?? (quick ? 0.5 : 1)),
  rounds: Number(values.rounds ?? (quick ? 1 : 24)),
}
const sizes = values.sizes.split(',').map(sizeOf)

if (values.help || sizes.some((size) => !(size >= SMALLEST)) || !(pace.seconds > 0) || !(pace.rounds >= 1)) {
  process.stderr.write(USAGE)
  process.exitCode = values.help ? 0 : 2
} else {
  await run(sizes.sort((a, b) => a - b))
}

async function run(sizes: readonly number[]): Promise<void> {
  const date = new Date()
  const machine = machineFacts()
  const kept = values.folder !== undefined
  const folder = kept ? path.resolve(values.folder!) : await mkdtemp(path.join(os.tmpdir(), 'evergrant-scale-'))
  // Servers end with this process; what they leave is too large to be left.
  const remove = (): void => (kept ? undefined : rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      remove()
      process.exit(1)
    })
  }
  try {
    await mkdir(folder, { recursive: true })
    const filled: Filled[] = []
    for (const families of sizes) {
      const cluster = new ScaleCluster(families, path.join(folder, String(families)))
      filled.push({ cluster, prepared: await prepare(cluster, tell) })
    }
    if (values.seed) return
    const rounds = await allRunning(filled, inTurn)
    const measured = filled.map(({ cluster: { families }, prepared }, n) => ({ families, prepared, rounds: rounds.map((round) => round[n]!) }))
    const report = writeScaleReport(measured, machine, date, pace)
    process.stdout.write(report)
    const file = values.out ?? (values.sizes === USUAL && !quick ? REPORT : undefined)
    if (file !== undefined) await writeFile(file, report)
  } finally {
    remove()
  }
}

interface Filled {
  readonly cluster: ScaleCluster
  readonly prepared: Prepared
}

/** Has all sizes run at the same time, so that they can be asked in turn. */
function allRunning<T>([next, ...others]: readonly Filled[], work: (sizes: readonly Running[]) => Promise<T>, sizes: readonly Running[] = []): Promise<T> {
  if (!next) return work(sizes)
  return running(next.cluster, next.prepared.scene, (size) => allRunning(others, work, [...sizes, size]))
}

/**
 * Asks each question of all sizes one after the other, every other round backwards: what changes on the machine meets all of them. Answers the
 * figures of each round, in the order of the sizes.
 */
async function inTurn(sizes: readonly Running[]): Promise<Round[][]> {
  const rounds: Round[][] = [[]]
  for (const size of sizes) rounds[0]!.push(await size.first(quick ? 20 : FIRST_ANSWERS))
  tell('the first answers')
  for (let round = 0; round <= pace.rounds; round++) {
    const measured = new Map(sizes.map((size) => [size, new Map<string, Answers>()]))
    for (const what of QUESTIONS) {
      for (const callers of CALLERS) {
        for (const size of round % 2 ? sizes : [...sizes].reverse()) {
          measured.get(size)!.set(key(what, callers), await size.ask(what, callers, pace, quick || round > 0))
        }
      }
    }
    // The one before the first only warms up.
    if (round > 0) rounds.push([...measured.values()])
    tell(`round ${round} of ${pace.rounds}`)
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
