import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import type { PersonalData } from '../../event-store/event.js'
import { LookupKey } from '../../keys/lookup-key.js'
import { personalValues } from '../../keys/personal-values.js'
import { RootKeys } from '../../keys/root-key.js'
import type { SearchQuery } from '../search/search-query.js'
import type { OpenedValues } from './log.dto.js'
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

  async find(logId: string): Promise<OpenedRow | undefined> {
    const row = await findRow(this.pool, logId)
    return row && (await this.#opened([row]))[0]
  }

  /** The rows after a log_id, which need not exist, in the log's order. */
  async after(logId: string, take: number): Promise<OpenedRow[]> {
    return this.#opened(await rowsAfter(this.pool, logId, take))
  }

  /** Errors: SearchSyntaxError; the database's 57014 for a search that takes too long. */
  async search(query: SearchQuery, order: Order, { limit, offset }: { readonly limit: number; readonly offset: number }): Promise<OpenedRow[]> {
    if (limit === 0) return []
    return this.#opened(await searchRows(this.pool, await searchToSql(query, this.#lookups), order, limit, offset))
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

  async #opened(rows: readonly TenantLogRow[]): Promise<OpenedRow[]> {
    const sealed = rows.flatMap((row) => [row.origin, nameOf(row), errorTexts(row), sessionMetadata(row)])
    const opened = await this.#open(sealed)
    return rows.map((row, n) => {
      const [origin, userName, error, metadata] = opened.slice(4 * n) as [object?, string?, ErrorTexts?, object?]
      const { ip, userAgent } = (origin ?? {}) as { ip?: string; userAgent?: string }
      return { row: withSessionMetadata(withError(row, error), metadata), values: { ip, userAgent, userName } }
    })
  }

  async #open(list: readonly (PersonalData | undefined | null)[]): Promise<unknown[]> {
    const opened = await personalValues(this.pool, this.rootKeys).open(list.filter((data) => typeof data === 'string'))
    return list.map((data) => (typeof data === 'string' ? opened.shift() : undefined))
  }
}

/** A row of the log, and what of its sealed values can still be read. */
export interface OpenedRow {
  readonly row: TenantLogRow
  readonly values: OpenedValues
}

interface ErrorTexts {
  readonly message: string
  /** Of what was thrown. */
  readonly stack?: string
  /** Of a refusal by `validation.error`. */
  readonly code?: string
}
type SealedError = { readonly texts?: PersonalData } | undefined

/** What an Action threw, or refused a person with, may be about them, so its texts are sealed inside the details. */
const errorTexts = ({ details }: TenantLogRow): PersonalData | undefined => ((details['action_error'] ?? details['error']) as SealedError)?.texts

function withError(row: TenantLogRow, opened: ErrorTexts | undefined): TenantLogRow {
  const { details } = row
  const { texts, ...thrown } = (details['action_error'] ?? {}) as NonNullable<SealedError>
  if (texts !== undefined) {
    return { ...row, details: { ...details, action_error: { ...thrown, message: opened?.message ?? '', stack: opened?.stack ?? '' } } }
  }
  const { texts: refused, payload, ...error } = (details['error'] ?? {}) as NonNullable<SealedError> & { payload?: object }
  if (refused === undefined) return row
  const { message = '', code } = opened ?? {}
  return {
    ...row,
    description: message,
    details: {
      ...details,
      error: { ...error, message, ...((payload ?? code) !== undefined && { payload: { ...payload, ...(code !== undefined && { code }) } }) },
    },
  }
}

/** Sealed where there was any. */
function sessionMetadata({ details }: TenantLogRow): PersonalData | undefined {
  const stored = details['session_metadata']
  return typeof stored === 'string' ? (stored as PersonalData) : undefined
}

function withSessionMetadata(row: TenantLogRow, opened: object | undefined): TenantLogRow {
  if (sessionMetadata(row) === undefined) return row
  const { session_metadata: _, ...details } = row.details
  return { ...row, details: opened ? { ...details, session_metadata: opened } : details }
}

const nameOf = ({ user_name, user }: TenantLogRow): PersonalData | undefined => user_name ?? user?.email ?? user?.username ?? user?.phone_number ?? user?.name
