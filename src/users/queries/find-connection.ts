import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import type { ConnectionDocument } from '../connection/connection.events.js'
import { findConnectionByName } from '../connection/connection-table.js'

/** The connection of this name. */
export class FindConnection extends Query<ConnectionDocument | undefined> {
  constructor(readonly name: string) {
    super()
  }
}

@QueryHandler(FindConnection)
export class FindConnectionHandler implements IQueryHandler<FindConnection> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  execute({ name }: FindConnection): Promise<ConnectionDocument | undefined> {
    return findConnectionByName(this.pool, name)
  }
}
