import { Get, Header, Query } from '@nestjs/common'
import { ManagementError } from '../../http/management-error.js'
import { ManagementController } from '../management-controller.js'
import { Parameters } from '../parameters.js'
import { Scopes } from '../scopes.js'
import { invalidQuery, type QueryParameters, text } from '../validation/query.js'
import { Stats } from './stats.js'

const DAY_MS = 86_400_000

/** Counts for a dashboard (spec/management-api.md §2.16). */
@ManagementController('stats')
export class StatsController {
  constructor(private readonly stats: Stats) {}

  @Get('daily')
  @Scopes('read:stats')
  @Parameters('from', 'to')
  async daily(@Query() query: QueryParameters): Promise<object[]> {
    const to = day(query, 'to') ?? new Date()
    const from = day(query, 'from') ?? new Date(to.getTime() - 29 * DAY_MS)
    if (from > to) throw new ManagementError(400, `'from' date cannot be greater than 'to' date.`, 'invalid_query_string')
    const days = await this.stats.daily(startOf(from), new Date(startOf(to).getTime() + DAY_MS))
    return days.map(({ date, logins, signups, first, last }) => ({
      date: `${date}T00:00:00.000Z`,
      logins,
      signups,
      leaked_passwords: 0,
      created_at: first.toISOString(),
      updated_at: last.toISOString(),
    }))
  }

  /** A bare number, which is JSON only when it says so. */
  @Get('active-users')
  @Header('Content-Type', 'application/json; charset=utf-8')
  @Scopes('read:stats')
  async activeUsers(): Promise<number> {
    return this.stats.activeUsers()
  }
}

const startOf = (date: Date): Date => new Date(Math.floor(date.getTime() / DAY_MS) * DAY_MS)

function day(query: QueryParameters, name: string): Date | undefined {
  const value = text(query, name)
  if (value === undefined) return undefined
  const [, year, month, date] = /^(\d{4})(\d\d)(\d\d)$/.exec(value) ?? []
  const found = new Date(`${year}-${month}-${date}T00:00:00Z`)
  if (year === undefined || Number.isNaN(found.getTime())) throw invalidQuery('String does not match pattern ^\\d{8}$', name)
  return found
}
