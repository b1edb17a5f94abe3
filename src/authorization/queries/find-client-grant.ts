import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { findClientGrantRow } from '../client-grant/client-grant-table.js'
import type { ClientGrantDocument } from '../client-grant/client-grant.events.js'
import { SettingsCache, type Versioned } from './settings-cache.js'

/** What a client may ask for at an API, in its own name or for its users, as it was less than a second ago. */
export class FindClientGrant extends Query<ClientGrantDocument | undefined> {
  constructor(
    readonly clientId: string,
    readonly audience: string,
    readonly subjectType: ClientGrantDocument['subject_type'] = 'client',
  ) {
    super()
  }
}

@QueryHandler(FindClientGrant)
export class FindClientGrantHandler implements IQueryHandler<FindClientGrant> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly settings: SettingsCache,
  ) {}

  execute({ clientId, audience, subjectType }: FindClientGrant): Promise<ClientGrantDocument | undefined> {
    return this.settings.get(`grant ${JSON.stringify([clientId, audience, subjectType])}`, () => this.#read(clientId, audience, subjectType))
  }

  async #read(clientId: string, audience: string, subjectType: ClientGrantDocument['subject_type']): Promise<Versioned<ClientGrantDocument> | undefined> {
    const row = await findClientGrantRow(this.pool, clientId, audience, subjectType)
    return row && { value: row.document, streamId: `client_grant-${row.document.id}`, version: row.version }
  }
}
