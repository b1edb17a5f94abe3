import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import type { ClientGrantDocument } from '../client-grant/client-grant.events.js'
import { findClientGrantRow } from '../client-grant/client-grant-table.js'

/** What a client may ask for at an API in its own name. */
export class FindClientGrant extends Query<ClientGrantDocument | undefined> {
  constructor(
    readonly clientId: string,
    readonly audience: string,
  ) {
    super()
  }
}

@QueryHandler(FindClientGrant)
export class FindClientGrantHandler implements IQueryHandler<FindClientGrant> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  execute({ clientId, audience }: FindClientGrant): Promise<ClientGrantDocument | undefined> {
    return findClientGrantRow(this.pool, clientId, audience)
  }
}
