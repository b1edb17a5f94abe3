import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { readTablePage, type TablePage } from '../../database/table-page.js'
import { RootKeys } from '../../keys/root-key.js'
import { type ClientRow, decryptSecret } from '../client/client-table.js'
import type { FoundClient } from './find-client.js'

export type ListedClient = FoundClient & { readonly createdAt: string }

export interface ClientFilter {
  readonly clientId?: string | undefined
  readonly isGlobal?: boolean | undefined
  readonly isFirstParty?: boolean | undefined
  readonly appTypes?: readonly string[] | undefined
  readonly externalClientId?: string | undefined
  /** With a client grant that was given to this organization. */
  readonly organizationId?: string | undefined
  /** With a client grant that is good for any organization. */
  readonly anyOrganization?: boolean | undefined
}

/** Clients as they are now, in the order of their creation, with the number of all that match: for operators, who read what they wrote. */
export class FindClients extends Query<{ readonly rows: readonly ListedClient[]; readonly total: number }> {
  constructor(
    readonly filter: ClientFilter,
    readonly page: TablePage,
  ) {
    super()
  }
}

@QueryHandler(FindClients)
export class FindClientsHandler implements IQueryHandler<FindClients> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly rootKeys: RootKeys,
  ) {}

  async execute({ filter, page }: FindClients): Promise<{ rows: ListedClient[]; total: number }> {
    const conditions = [
      ['client_id =', filter.clientId],
      [`coalesce((document->>'global')::boolean, false) =`, filter.isGlobal],
      [`coalesce((document->>'is_first_party')::boolean, true) =`, filter.isFirstParty],
      [`document->>'app_type' = any`, filter.appTypes],
      [`document->>'external_client_id' =`, filter.externalClientId],
      [FOR_ORGANIZATION, filter.organizationId],
      [FOR_ANY_ORGANIZATION, filter.anyOrganization],
    ].filter(([, value]) => value !== undefined)
    const list = {
      table: 'clients',
      key: 'client_id',
      columns: 'document, encrypted_secret, credentials',
      where: conditions.map(([condition], n) =>
        String(condition).includes('?') ? String(condition).replace('?', `$${n + 1}`) : `${String(condition)} ($${n + 1})`,
      ),
      values: conditions.map(([, value]) => value),
    }
    const { rows, total } = await readTablePage<ClientRow>(this.pool, list, page)
    const found = rows.map((row) => ({
      document: row.document,
      secret: decryptSecret(this.rootKeys, row),
      credentials: row.credentials,
      createdAt: row.created_at.toISOString(),
    }))
    return { rows: found, total }
  }
}

/** The question mark is the value's place. */
const FOR_ORGANIZATION = `client_id in (
  select g.client_id from organization_client_grants o join client_grants g on g.id = o.grant_id where o.organization_id = ?)`
const FOR_ANY_ORGANIZATION = `exists (select from client_grants g where g.client_id = clients.client_id and g.document->'allow_any_organization' = 'true') = ?`
