import type { Figure, Figures, Group, Pace, Results, Row } from './row.js'

export interface Surroundings {
  readonly date: Date
  readonly machine: readonly string[]
  readonly pace: Pace
}

/** The whole report as Markdown. */
export function writeReport(groups: readonly Group[], results: Results, { date, machine, pace }: Surroundings): string {
  const warning = pace.quick ? ['**A smoke run: these figures mean nothing.**'] : []
  const measured = `${date.toISOString().slice(0, 10)}, ${pace.rounds} rounds, ${pace.seconds} s a row after ${pace.warmUpSeconds} s of warm-up.`
  return `${[
    '# Bench',
    'Made by `npm run bench`; do not edit. Figures of one run compare with each other, not with those of another machine or day: what counts are the ratios.',
    ...warning,
    [`- ${measured}`, ...machine.map((fact) => `- ${fact}`)].join('\n'),
    '## Ratios',
    ratioTable(groups, results),
    ...groups.flatMap((group) => [`## ${group.name}`, group.about, table(group.rows, results)]),
    '## How to read it',
    HOW_TO_READ,
  ].join('\n\n')}\n`
}

const HOW_TO_READ = `- All processes share the machine's cores: the generator is part of every figure. Callers over HTTP are a process of their own; those of other rows play in the service's.
- Rounds run through the rows forth and back; a figure is its median over the rounds, so the columns of a row may come from different rounds. Each row starts on a database of its own, right after a checkpoint.
- p50 and p99 are a caller's, in ms. Callers wait for nothing but the answer, so with more callers latency is mostly queueing.
- CPU is in µs for one operation: *service* is the process under test with its callers (over HTTP: primary and workers; for pgbench: pgbench), *background* the process that seals, projects and reacts, *database* all of PostgreSQL's processes, whatever they did. They read –, where the platform does not tell.
- Lags are in ms: from a write's answer until it is sealed, until every projection, and until every reactor has passed it; looked at every 5 ms, which itself costs some 1 % of a core in rows with background.`

interface Column {
  readonly title: string
  cell(row: Row, figures: Figures): string
}

const figure =
  (name: Figure, digits: number) =>
  (_: Row, figures: Figures): string =>
    show(figures[name], digits)
const pair =
  (low: Figure, high: Figure) =>
  (_: Row, figures: Figures): string =>
    figures[low] === undefined ? '–' : `${show(figures[low], 0)} / ${show(figures[high], 0)}`

const COLUMNS: readonly Column[] = [
  { title: 'row', cell: ({ name }) => name },
  { title: 'callers', cell: ({ callers }) => String(callers) },
  { title: 'background', cell: ({ background }) => (background ? 'yes' : 'no') },
  { title: 'per second', cell: figure('perSecond', 0) },
  { title: 'p50 ms', cell: figure('p50', 2) },
  { title: 'p99 ms', cell: figure('p99', 2) },
  { title: 'CPU service', cell: figure('serviceMicros', 0) },
  { title: 'CPU background', cell: figure('backgroundMicros', 0) },
  { title: 'CPU database', cell: figure('databaseMicros', 0) },
  { title: 'seal lag p50 / p99', cell: pair('sealLagP50', 'sealLagP99') },
  { title: 'projection lag', cell: pair('projectionLagP50', 'projectionLagP99') },
  { title: 'reactor lag', cell: pair('reactorLagP50', 'reactorLagP99') },
  { title: 'events a seal', cell: figure('eventsPerSeal', 0) },
  { title: 'ready after ms', cell: figure('startMs', 0) },
  { title: 'memory MB', cell: figure('residentMegabytes', 0) },
]

/** Columns that say nothing about any row of the group are left out. */
function table(rows: readonly Row[], results: Results): string {
  const lines = rows.map((row) => COLUMNS.map(({ cell }) => cell(row, results(row.name, row.callers, row.background) ?? {})))
  const told = COLUMNS.map((_, n) => lines.some((line) => line[n] !== '–'))
  const keep = (cells: readonly string[]): string[] => cells.filter((_, n) => told[n])
  return markdown(keep(COLUMNS.map(({ title }) => title)), lines.map(keep))
}

function ratioTable(groups: readonly Group[], results: Results): string {
  const ratios = groups.flatMap((group) => group.ratios?.(results) ?? [])
  return markdown(
    ['what', 'measured', 'goal', 'met'],
    ratios.map(({ what, value, goal, met }) => [what, value, goal ?? '', met === undefined ? '' : met ? 'yes' : '**no**']),
  )
}

const markdown = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const show = (value: number | undefined, digits: number): string => (value === undefined ? '–' : value.toFixed(digits))
