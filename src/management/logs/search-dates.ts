import { type Bound, type RangeQuery, SearchSyntaxError } from '../search/search-query.js'

/** From this moment on, up to before that one. Undefined sides are open. */
interface DateRange {
  readonly from: Date | undefined
  readonly before: Date | undefined
}

const MONTH = /^\d{4}-\d{2}$/
const DAY = /^\d{4}-\d{2}-\d{2}$/
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$/

/** Bounds of a month or a day mean all of it (spec/logs.md §3.2); times without a zone are UTC. Errors: SearchSyntaxError. */
export function dateRange({ from, to }: Pick<RangeQuery, 'from' | 'to'>): DateRange {
  const first = from && period(from)
  const last = to && period(to)
  return {
    from: first && (from.inclusive ? first.start : first.end),
    before: last && (to.inclusive ? last.end : last.start),
  }
}

/** The time span that a text names, its end excluded. */
function period({ text }: Bound): { start: Date; end: Date } {
  if (MONTH.test(text)) {
    const start = valid(`${text}-01T00:00:00Z`, text)
    return { start, end: new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1)) }
  }
  if (DAY.test(text)) {
    const start = valid(`${text}T00:00:00Z`, text)
    return { start, end: new Date(start.getTime() + 86_400_000) }
  }
  const match = TIME.exec(text)
  if (!match) throw invalid(text)
  const start = valid(match[3] === undefined ? `${text}Z` : text, text)
  // Rows hold milliseconds.
  const length = match[1] === undefined ? 60_000 : match[2] === undefined ? 1000 : 1
  return { start, end: new Date(start.getTime() + length) }
}

function valid(text: string, asked: string): Date {
  const date = new Date(text)
  // 2026-02-31 is read as a day in March.
  if (Number.isNaN(date.getTime()) || (!/[+-]\d{2}:?\d{2}$/.test(text) && !date.toISOString().startsWith(text.slice(0, 10)))) throw invalid(asked)
  return date
}

const invalid = (text: string): SearchSyntaxError =>
  new SearchSyntaxError(`${text.slice(0, 40)} is no date: write 2026-01, 2026-01-31 or 2026-01-31T12:00:00Z.`)
