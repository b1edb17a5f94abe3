import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import type { PersonalData } from '../../event-store/event.js'
import { LookupKey } from '../../keys/lookup-key.js'
import { personalValues } from '../../keys/personal-values.js'
import { RootKeys } from '../../keys/root-key.js'
import type { SearchQuery } from '../search/search-query.js'
import { showLog } from './log.dto.js'
import { type Lookups, searchToSql } from './search-to-sql.js'
import { findRow, type Order, rowsAfter, searchRows, type TenantLogRow } from './tenant-log-rows.js'

/** Reads the log. What identifies people is opened here, for as long as their keys exist. */
@Injectable()
export class TenantLogs {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly rootKeys: RootKeys,
    private readonly lookupKey: LookupKey,
  ) {}

  async find(logId: string): Promise<object | undefined> {
    const row = await findRow(this.pool, logId)
    return row && (await this.#show([row]))[0]
  }

  /** The events after a log_id, which need not exist, and the last one's id. */
  async after(logId: string, take: number): Promise<{ logs: object[]; last: string | undefined }> {
    const rows = await rowsAfter(this.pool, logId, take)
    return { logs: await this.#show(rows), last: rows.at(-1)?.log_id }
  }

  /** Errors: SearchSyntaxError; the database's 57014 for a search that takes too long. */
  async search(query: SearchQuery, order: Order, { limit, offset }: { readonly limit: number; readonly offset: number }): Promise<object[]> {
    if (limit === 0) return []
    return this.#show(await searchRows(this.pool, await searchToSql(query, this.#lookups), order, limit, offset))
  }

  readonly #lookups: Lookups = {
    ip: (value) => this.lookupKey.of('ip', value),
    userAgent: (value) => this.lookupKey.of('user_agent', value),
    userName: async (value) => {
      const name = value.trim().normalize('NFC').toLowerCase()
      const [typed, email, username, phoneNumber] = await Promise.all([
        this.lookupKey.of('user_name', name),
        this.lookupKey.of('email', name),
        this.lookupKey.of('username', name),
        this.lookupKey.of('phone_number', name),
      ])
      return { typed, email, username, phoneNumber }
    },
  }

  async #show(rows: readonly TenantLogRow[]): Promise<object[]> {
    const sealed = rows.flatMap((row) => [row.origin, nameOf(row), errorTexts(row)])
    const opened = await this.#open(sealed)
    return rows.map((row, n) => {
      const { ip, userAgent } = (opened[3 * n] ?? {}) as { ip?: string; userAgent?: string }
      const error = opened[3 * n + 2] as ErrorTexts | undefined
      return showLog(withError(row, error), { ip, userAgent, userName: opened[3 * n + 1] as string | undefined })
    })
  }

  async #open(list: readonly (PersonalData | undefined | null)[]): Promise<unknown[]> {
    const opened = await personalValues(this.pool, this.rootKeys).open(list.filter((data) => typeof data === 'string'))
    return list.map((data) => (typeof data === 'string' ? opened.shift() : undefined))
  }
}

interface ErrorTexts {
  readonly message: string
  readonly stack: string
}
type ActionError = { readonly name: string; readonly code: string; readonly texts: PersonalData } | undefined

/** What an Action threw may be about the person, so its texts are sealed inside the details. */
const errorTexts = ({ details }: TenantLogRow): PersonalData | undefined => (details['action_error'] as ActionError)?.texts

function withError(row: TenantLogRow, opened: ErrorTexts | undefined): TenantLogRow {
  const error = row.details['action_error'] as ActionError
  if (!error) return row
  const { texts: _, ...rest } = error
  return { ...row, details: { ...row.details, action_error: { ...rest, message: opened?.message ?? '', stack: opened?.stack ?? '' } } }
}

const nameOf = ({ user_name, user }: TenantLogRow): PersonalData | undefined => user_name ?? user?.email ?? user?.username ?? user?.phone_number ?? user?.name
