import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { RootKeys } from '../../keys/root-key.js'
import { decryptSecret, findClientRow, findGlobalClientRow } from '../client/client-table.js'
import type { ClientCredential, ClientDocument } from '../client/client.events.js'
import { SettingsCache, type Versioned } from './settings-cache.js'

export interface FoundClient {
  readonly document: ClientDocument
  readonly secret: string | undefined
  readonly credentials: readonly ClientCredential[]
}

/**
 * A client with its secret, by id, as it was less than a second ago; or the one that stands for all applications. `now`: as it is now, for what
 * follows from an event: whatever came before that, the client's latest change too, is to count.
 */
export class FindClient extends Query<FoundClient | undefined> {
  constructor(
    readonly key: { readonly clientId: string } | 'global',
    readonly as: 'lately' | 'now' = 'lately',
  ) {
    super()
  }
}

@QueryHandler(FindClient)
export class FindClientHandler implements IQueryHandler<FindClient> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly rootKeys: RootKeys,
    private readonly settings: SettingsCache,
  ) {}

  async execute({ key, as }: FindClient): Promise<FoundClient | undefined> {
    if (key === 'global') {
      const row = await findGlobalClientRow(this.pool)
      return row && { document: row.document, secret: decryptSecret(this.rootKeys, row), credentials: row.credentials }
    }
    // What PostgreSQL cannot hold is no client's id.
    if (key.clientId.includes('\0')) return undefined
    const read = (): Promise<Versioned<FoundClient> | undefined> => this.#read(key.clientId)
    return as === 'now' ? (await read())?.value : this.settings.get(`client ${key.clientId}`, read)
  }

  async #read(clientId: string): Promise<Versioned<FoundClient> | undefined> {
    const row = await findClientRow(this.pool, clientId)
    if (!row) return undefined
    const value = { document: row.document, secret: decryptSecret(this.rootKeys, row), credentials: row.credentials }
    return { value, streamId: `client-${clientId}`, version: row.version }
  }
}
