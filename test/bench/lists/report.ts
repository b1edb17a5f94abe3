import type { MeasuredLists } from './database.js'

/** docs/lists.md. */
export function writeListReport(small: MeasuredLists, large: MeasuredLists, facts: readonly string[]): string {
  const names = [...large.figures.keys()]
  return `${[
    '# What lists take',
    'By `npm run bench:lists`: each list of the Management API that grows with use, on a small database and on a large one.',
    facts.map((fact) => `- ${fact}`).join('\n'),
    '## Latency',
    table(
      ['list', 'small p50 ms', 'p99', 'large p50 ms', 'p99', 'p50 ÷', 'KB'],
      names.map((name) => {
        const [a, b] = [small.figures.get(name)!, large.figures.get(name)!]
        return [name, ms(a.p50), ms(a.p99), ms(b.p50), ms(b.p99), (b.p50 / a.p50).toFixed(1), (b.bytes / 1000).toFixed(1)]
      }),
    ),
    '## What is read',
    'Indexes of these tables, with the entries that one answer reads of each, those of all partitions together. PostgreSQL counts late what a connection did before it was idle: what is less than a quarter of the most is left out. No table was read without an index, unless it is named.',
    table(
      ['list', 'small', 'large'],
      names.map((name) => [name, reads(small, name), reads(large, name)]),
    ),
    '## Bytes',
    table(
      ['table', 'rows', 'heap GB', 'indexes GB', 'bytes a row'],
      large.tables.map(({ table: name, rows, heap, indexes }) => [
        name,
        count(rows),
        (heap / 1e9).toFixed(2),
        (indexes / 1e9).toFixed(2),
        ((heap + indexes) / Math.max(1, rows)).toFixed(0),
      ]),
    ),
    '## How to read it',
    HOW_TO_READ,
  ].join('\n\n')}\n`
}

const HOW_TO_READ = `- The read models are filled by SQL (test/bench/lists/seed.ts): half of all tokens, grants and rows of the log belong to one client, each person has twenty tokens, two sessions and three grants; sealed values are real ones, and are opened. There are no events behind them: lists read none but the newest one's place.
- One caller, one request after the other, over HTTP to the whole service (two workers, background process); values are asked in turn, up to 200 of each kind.
- The log lies in partitions of three days, so a list in the order of time merges a range of each; a page by checkpoint reads one after the other.
- Which plans may be taken is a test: test/integration/list-plans.spec.ts.`

/** A connection that was idle counts late, so a little of the list before stands with the next one. */
const SHOWN = 4

function reads({ figures }: MeasuredLists, name: string): string {
  const { indexes, sequential } = figures.get(name)!
  const most = Math.max(...indexes.values())
  const parts = [...indexes].filter(([, entries]) => entries >= 0.5 && entries >= most / SHOWN).sort(([, a], [, b]) => b - a)
  return [...parts.map(([index, entries]) => `${index} ${entries.toFixed(0)}`), ...sequential.map((of) => `**${of} without an index**`)].join(', ') || '–'
}

const ms = (value: number): string => value.toFixed(1)
export const count = (value: number): string => value.toLocaleString('en-US').replaceAll(',', ' ')
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
