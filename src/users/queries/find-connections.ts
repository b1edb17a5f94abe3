import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { RootKeys } from '../../keys/root-key.js'
import type { ConnectionDocument } from '../connection/connection.events.js'
import type { ConnectionRow } from '../connection/connection-table.js'
import { decryptSecrets, joinOptions, secretNames } from '../connection/secret-options.js'

/** A connection with the secrets of its options in their places. */
export interface FoundConnection {
  readonly document: ConnectionDocument
  readonly secretNames: readonly string[]
  /** Its place in lists. */
  readonly place: string
}

interface ConnectionSelection {
  readonly id?: string | undefined
  readonly name?: string | undefined
  /** Any of these. */
  readonly strategies?: readonly string[] | undefined
  /** Switched on for this client. */
  readonly clientId?: string | undefined
}

interface FoundConnections {
  readonly connections: readonly FoundConnection[]
  readonly total: number
}

/** A page of connections in the order of their creation, and how many there are, both at one moment. */
export class FindConnections extends Query<FoundConnections> {
  constructor(
    readonly selection: ConnectionSelection,
    readonly page: { readonly offset?: number; readonly after?: string | undefined; readonly limit: number },
  ) {
    super()
  }
}

@QueryHandler(FindConnections)
export class FindConnectionsHandler implements IQueryHandler<FindConnections> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly rootKeys: RootKeys,
  ) {}

  async execute({ selection: { id, name, strategies = [], clientId }, page: { offset = 0, after, limit } }: FindConnections): Promise<FoundConnections> {
    const { rows } = await this.pool.query<{ total: number; found: ConnectionRow[] }>({
      name: 'find-connections',
      text: FIND,
      values: [id ?? null, name ?? null, strategies, ...placeOf(after), limit, offset, clientId ?? null],
    })
    const { total, found } = rows[0]!
    return { total, connections: found.map((row) => this.#open(row)) }
  }

  #open({ id, document, encrypted_secrets, created_at }: ConnectionRow): FoundConnection {
    const secrets = decryptSecrets(this.rootKeys, id, encrypted_secrets)
    const place = JSON.stringify([new Date(created_at).toISOString(), id])
    return { document: { ...document, options: joinOptions(document.options, secrets) }, secretNames: secretNames(secrets), place }
  }
}

const FIND = `
  with selected as (
    select id, document, encrypted_secrets, created_at from connections
    where ($1::text is null or id = $1) and ($2::text is null or name = $2) and ($3::text[] = '{}' or document->>'strategy' = any($3))
      and ($8::text is null or document->'enabled_clients' ? $8)
  ), asked as (
    select * from selected where $4::timestamptz is null or (created_at, id) > ($4, $5) order by created_at, id limit $6 offset $7
  )
  select (select count(*) from selected)::int as total, (select coalesce(json_agg(asked), '[]') from asked) as found`

/** Times are written in milliseconds, so a place names one exactly. */
const placeOf = (place: string | undefined): [string | null, string | null] => (place === undefined ? [null, null] : (JSON.parse(place) as [string, string]))
