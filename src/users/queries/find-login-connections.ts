import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import type { ConnectionDocument } from '../connection/connection.events.js'

/**
 * Database connections that people may log in to a client through, those of the whole tenant among them, the default directory first. A first-party client that was
 * given none, and none was taken from, may use the default directory: it works without further wiring (spec/contract.md).
 */
export class FindLoginConnections extends Query<readonly ConnectionDocument[]> {
  constructor(
    readonly client: { readonly clientId: string; readonly firstParty: boolean },
    readonly defaultDirectory: string | undefined,
  ) {
    super()
  }
}

@QueryHandler(FindLoginConnections)
export class FindLoginConnectionsHandler implements IQueryHandler<FindLoginConnections> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async execute({ client, defaultDirectory }: FindLoginConnections): Promise<readonly ConnectionDocument[]> {
    const { rows } = await this.pool.query<{ document: ConnectionDocument }>({
      name: 'find-login-connections',
      text: `
        select document from connections
        where document->>'strategy' = 'auth0' and document->'authentication'->>'active' is distinct from 'false' and (name = $2 or document->'is_domain_connection' = 'true' or document->'enabled_clients' ? $1)
        order by name <> coalesce($2, ''), created_at, id`,
      values: [client.clientId, defaultDirectory],
    })
    const all = rows.map(({ document }) => document)
    const given = (one: ConnectionDocument): boolean => one.enabled_clients.includes(client.clientId)
    // What the whole tenant has was given to no client, so it takes nothing from those that need no wiring.
    const byDefault = client.firstParty && !all.some(given)
    const mayDefault = ({ name, disabled_clients = [] }: ConnectionDocument): boolean =>
      byDefault && name === defaultDirectory && !disabled_clients.includes(client.clientId)
    return all.filter((one) => one.is_domain_connection || given(one) || mayDefault(one))
  }
}
