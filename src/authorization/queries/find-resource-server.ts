import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import type { ResourceServerDocument } from '../resource-server/resource-server.events.js'
import { findResourceServerByIdentifier } from '../resource-server/resource-server-table.js'

/** The API with this identifier, which is the audience of its tokens. */
export class FindResourceServer extends Query<ResourceServerDocument | undefined> {
  constructor(readonly identifier: string) {
    super()
  }
}

@QueryHandler(FindResourceServer)
export class FindResourceServerHandler implements IQueryHandler<FindResourceServer> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  execute({ identifier }: FindResourceServer): Promise<ResourceServerDocument | undefined> {
    return findResourceServerByIdentifier(this.pool, identifier)
  }
}
