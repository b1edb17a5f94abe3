import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { Cluster } from './cluster.js'
import { groups as allGroups } from './groups.js'
import { machineFacts } from './machine.js'
import { writeReport } from './report.js'
import { runRounds } from './rounds.js'
import type { Group, Pace, Row } from './row.js'

const USAGE = `Usage: npm run bench -- [--quick] [--only NAME]... [--seconds N] [--rounds N] [--out FILE] [NAME]...

Measures the service on a PostgreSQL of its own and prints the report; a whole run also writes docs/bench.md.

  --only NAME   the group or the rows of this name (also without --only); may be given several times.
                Groups: ${allGroups.map(({ name }) => name).join(', ')}
  --quick       a smoke run
  --seconds N   time a row, 5
  --rounds N    3
  --out FILE    also write the report here
`
const REPORT = 'docs/bench.md'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', short: 'h' },
    quick: { type: 'boolean' },
    only: { type: 'string', multiple: true },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    out: { type: 'string' },
  },
})
const only = [...(values.only ?? []), ...positionals]
const quick = values.quick ?? false
const pace: Pace = {
  quick,
  warmUpSeconds: quick ? 0.2 : 1.5,
  seconds: Number(values.seconds ?? (quick ? 0.5 : 5)),
  rounds: Number(values.rounds ?? (quick ? 1 : 3)),
}
const chosen = choose(only)

if (values.help || chosen.length === 0 || !(pace.seconds > 0) || !(pace.rounds >= 1)) {
  process.stderr.write(USAGE)
  process.exitCode = values.help ? 0 : 2
} else {
  await run(chosen)
}

async function run(groups: readonly Group[]): Promise<void> {
  const date = new Date()
  const cluster = await Cluster.start()
  const leave = (code: number) => (): void => void cluster.stop().then(() => process.exit(code))
  process.once('SIGINT', leave(130)).once('SIGTERM', leave(143))
  process.once('uncaughtException', (error) => {
    process.stderr.write(`${error.stack ?? error.message}\n`)
    leave(1)()
  })
  try {
    const machine = await machineFacts(cluster)
    const results = await runRounds({ cluster, pace }, groups, (line) => void process.stderr.write(`${line}\n`))
    const report = writeReport(groups, results, { date, machine, pace })
    process.stdout.write(report)
    const file = values.out ?? (only.length === 0 && !quick ? REPORT : undefined)
    if (file !== undefined) await writeFile(file, report)
  } finally {
    await cluster.stop()
  }
}

/** Whole groups by their name; any other name is a part of rows' names. */
function choose(names: readonly string[]): Group[] {
  if (names.length === 0) return [...allGroups]
  const parts = names.filter((name) => !allGroups.some((group) => group.name === name))
  const rowsOf = ({ name, rows }: Group): readonly Row[] => (names.includes(name) ? rows : rows.filter((row) => parts.some((part) => row.name.includes(part))))
  return allGroups.map((group) => ({ ...group, rows: rowsOf(group) })).filter(({ rows }) => rows.length > 0)
}
