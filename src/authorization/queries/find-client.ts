import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { RootKeys } from '../../keys/root-key.js'
import type { ClientDocument } from '../client/client.events.js'
import { decryptSecret, findClientRow, findGlobalClientRow } from '../client/client-table.js'

export interface FoundClient {
  readonly document: ClientDocument
  readonly secret: string | undefined
}

/** A client with its secret, by id, or the one that stands for all applications. */
export class FindClient extends Query<FoundClient | undefined> {
  constructor(readonly key: { readonly clientId: string } | 'global') {
    super()
  }
}

@QueryHandler(FindClient)
export class FindClientHandler implements IQueryHandler<FindClient> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly rootKeys: RootKeys,
  ) {}

  async execute({ key }: FindClient): Promise<FoundClient | undefined> {
    const row = await (key === 'global' ? findGlobalClientRow(this.pool) : findClientRow(this.pool, key.clientId))
    return row && { document: row.document, secret: decryptSecret(this.rootKeys, row) }
  }
}
