import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { findResourceServerRow } from '../resource-server/resource-server-table.js'
import type { ResourceServerDocument } from '../resource-server/resource-server.events.js'
import { SettingsCache, type Versioned } from './settings-cache.js'

/** The API with this identifier, which is the audience of its tokens, as it was less than a second ago. */
export class FindResourceServer extends Query<ResourceServerDocument | undefined> {
  constructor(readonly identifier: string) {
    super()
  }
}

@QueryHandler(FindResourceServer)
export class FindResourceServerHandler implements IQueryHandler<FindResourceServer> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly settings: SettingsCache,
  ) {}

  execute({ identifier }: FindResourceServer): Promise<ResourceServerDocument | undefined> {
    return this.settings.get(`api ${identifier}`, () => this.#read(identifier))
  }

  async #read(identifier: string): Promise<Versioned<ResourceServerDocument> | undefined> {
    const row = await findResourceServerRow(this.pool, identifier)
    return row && { value: row.document, streamId: `resource_server-${row.id}`, version: row.version }
  }
}
