import { percentiles } from '../load.js'
import type { Figures, Pace } from '../row.js'
import { CALLERS, key, QUESTIONS, type Round } from './measure.js'
import { FAMILIES_PER_PERSON } from './plan.js'
import type { Prepared } from './prepare.js'

/** A size's rounds, in turn with those of the other sizes. */
export interface Measured {
  readonly families: number
  readonly prepared: Prepared
  readonly rounds: readonly Round[]
}

/** By how much latency may differ from the smallest size's. */
const TOLERANCE = 0.1

export function writeScaleReport(sizes: readonly Measured[], machine: readonly string[], date: Date, pace: Pace): string {
  const warning = pace.quick ? ['**A smoke run: these figures mean nothing.**'] : []
  const day = date.toISOString().slice(0, 10)
  return `${[
    '# Scale',
    'Made by `npm run bench:scale`; do not edit. What exchange and list take with few and with many families in the database, and what a family takes.',
    ...warning,
    [`- ${day}, ${pace.rounds} rounds, ${pace.seconds} s a row`, ...machine.map((fact) => `- ${fact}`)].join('\n'),
    '## Latency',
    'Of a hot set: the same number of people and families in every size, spread over all of it.',
    table(
      ['what', 'callers', 'families', 'per second', 'CPU µs: service + database', 'p50 ms', 'p99 ms', 'p50 ÷ smallest', 'p99 ÷ smallest', 'within 10 %'],
      sizes.flatMap((size) => latencyRows(size, sizes[0]!)),
    ),
    '## Chosen over the whole size',
    'One caller; each family and each person once, evenly spread over all, right after PostgreSQL and the service started: what the answer needs comes from the file system or the disk.',
    table(
      ['what', 'families', 'p50 ms', 'p99 ms'],
      QUESTIONS.flatMap((what) =>
        sizes.map(({ families, rounds }) => {
          const first = overall(rounds, key(`first ${what}`, 1))
          return [what, count(families), show(first.p50, 2), show(first.p99, 2)]
        }),
      ),
    ),
    '## Bytes per family',
    'Tables with all their partitions, right after seeding, divided by the number of families: heap + indexes.',
    sizeTable(sizes),
    '## How to read it',
    HOW_TO_READ,
  ].join('\n\n')}\n`
}

const HOW_TO_READ = `- The seeder writes by COPY what the service's own commands and projections would have written: each family one login and one rotation from the same device, ${FAMILIES_PER_PERSON} families a person, sealed origins, seals. Most families are made after the example of one that commands made. Whether that is so is a test (test/integration/scale-seeder.spec.ts).
- Questions go over HTTP to the whole service (two workers, background process), from a process of its own. The same number of people and families is active in every size; the others only lie there. All sizes' servers and services are up at the same time and are asked in turn, so that what changes on the machine meets all of them. Percentiles are those of all rounds' answers together; the database's CPU is with what seals and projects.
- The tenant's log has the entries of the newest few families only, so its bytes say nothing here. Indexes are as they are when they have just been made; with use they grow by a third.
- shared_buffers is 2 GB; autovacuum is off, because the first vacuum of so many new rows would meet the large sizes only.`

function latencyRows({ families, rounds }: Measured, smallest: Measured): string[][] {
  const isSmallest = families === smallest.families
  return QUESTIONS.flatMap((what) =>
    CALLERS.map((callers) => {
      const own = overall(rounds, key(what, callers))
      const compared = isSmallest ? undefined : overall(smallest.rounds, key(what, callers))
      const [p50, p99] = [ratio(own.p50, compared?.p50), ratio(own.p99, compared?.p99)]
      const within = [p50, p99].every((value) => value !== undefined && value <= 1 + TOLERANCE)
      const verdict = compared ? (within ? 'yes' : '**no**') : ''
      const cpu = `${show(own.serviceMicros, 0)} + ${show(own.databaseMicros, 0)}`
      const measured = [show(own.perSecond, 0), cpu, show(own.p50, 2), show(own.p99, 2)]
      return [what, String(callers), count(families), ...measured, show(p50, 2), show(p99, 2), verdict]
    }),
  )
}

/** Tables that matter in no size are left out. */
function sizeTable(sizes: readonly Measured[]): string {
  const names = [...new Set(sizes.flatMap(({ prepared }) => prepared.tables.map(({ table }) => table)))]
  const bytes = ({ families, prepared }: Measured, name: string): { heap: number; indexes: number } => {
    const found = prepared.tables.find((entry) => entry.table === name)
    return { heap: (found?.heap ?? 0) / families, indexes: (found?.indexes ?? 0) / families }
  }
  const large = names.filter((name) => sizes.some((size) => bytes(size, name).heap + bytes(size, name).indexes >= 10))
  const rows = large.map((name) => [name, ...sizes.map((size) => `${show(bytes(size, name).heap, 0)} + ${show(bytes(size, name).indexes, 0)}`)])
  const all = sizes.map((size) => names.reduce((sum, name) => sum + bytes(size, name).heap + bytes(size, name).indexes, 0))
  const seeded = sizes.map(({ prepared }) => `${(prepared.seconds / 60).toFixed(1)} min`)
  return table(
    ['table', ...sizes.map(({ families }) => `${count(families)} families`)],
    [...rows, ['all', ...all.map((sum) => show(sum, 0))], ['seeded in', ...seeded]],
  )
}

const SPENT = ['serviceMicros', 'databaseMicros'] as const

/** Of the answers of all rounds together. Sizes are asked in turn, so slow moments of the machine are in all of them alike. */
function overall(rounds: readonly Round[], name: string): Figures {
  const all = rounds.flatMap((round) => round.get(name) ?? [])
  const took = all.flatMap((answers) => answers.took)
  const ms = all.reduce((sum, answers) => sum + answers.ms, 0)
  const micros = SPENT.flatMap((figure): [string, number][] => {
    const total = all.reduce((sum, { took, spent }) => sum + (spent[figure] ?? NaN) * took.length, 0)
    return Number.isNaN(total) ? [] : [[figure, total / took.length]]
  })
  return { perSecond: (took.length * 1000) / ms, ...percentiles('p50', 'p99', took), ...Object.fromEntries(micros) }
}

const ratio = (own: number | undefined, other: number | undefined): number | undefined => (own === undefined || other === undefined ? undefined : own / other)
const show = (value: number | undefined, digits: number): string => (value === undefined ? '–' : value.toFixed(digits))
const count = (families: number): string => families.toLocaleString('en-US').replaceAll(',', ' ')
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
