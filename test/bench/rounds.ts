import type { Bench, Figure, Figures, Group, Results, Row } from './row.js'

/** Measures all rows round by round, every other round backwards, so that what changes on the machine meets all of them. Answers the medians. */
export async function runRounds(bench: Bench, groups: readonly Group[], tell: (line: string) => void): Promise<Results> {
  const rows = groups.flatMap((group) => group.rows)
  const measured = new Map<Row, Figures[]>(rows.map((row) => [row, []]))
  for (let round = 1; round <= bench.pace.rounds; round++) {
    for (const row of round % 2 ? rows : [...rows].reverse()) {
      const figures = await row.measure(bench)
      measured.get(row)!.push(figures)
      tell(`round ${round} of ${bench.pace.rounds}: ${describe(row)}: ${figures.perSecond === undefined ? 'left out' : `${figures.perSecond.toFixed(0)}/s`}`)
    }
  }
  const medians = new Map([...measured].map(([row, list]) => [describe(row), medianOf(list)]))
  return (name, callers, background = false) => medians.get(describe({ name, callers, background }))
}

const describe = ({ name, callers, background }: Pick<Row, 'name' | 'callers' | 'background'>): string =>
  `${name}, ${callers} callers${background ? ', with background' : ''}`

/** Each figure's own median; of an even number the mean of the middle two. */
function medianOf(list: readonly Figures[]): Figures {
  const names = new Set(list.flatMap((figures) => Object.keys(figures) as Figure[]))
  return Object.fromEntries(
    [...names].map((name) => {
      const values = list
        .map((figures) => figures[name])
        .filter((value) => value !== undefined)
        .sort((a, b) => a - b)
      const middle = (values.length - 1) / 2
      return [name, (values[Math.floor(middle)]! + values[Math.ceil(middle)]!) / 2]
    }),
  )
}
