import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { readTablePage, type TablePage } from '../../database/table-page.js'
import { RootKeys } from '../../keys/root-key.js'
import type { ResourceServerDocument } from '../resource-server/resource-server.events.js'
import { decryptSigningSecret } from '../resource-server/signing-secret.js'

export interface ListedResourceServer {
  readonly document: ResourceServerDocument
  readonly signingSecret: string | undefined
  readonly createdAt: string
  readonly updatedAt: string
}

/** APIs as they are now, in the order of their creation, with the number of all that match; `anyOf` names ids or identifiers. */
export class FindResourceServers extends Query<{ readonly rows: readonly ListedResourceServer[]; readonly total: number }> {
  constructor(
    readonly filter: { readonly identifiers?: readonly string[] | undefined; readonly anyOf?: readonly string[] | undefined },
    readonly page: TablePage,
  ) {
    super()
  }
}

@QueryHandler(FindResourceServers)
export class FindResourceServersHandler implements IQueryHandler<FindResourceServers> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly rootKeys: RootKeys,
  ) {}

  async execute({ filter: { identifiers, anyOf }, page }: FindResourceServers): Promise<{ rows: ListedResourceServer[]; total: number }> {
    const where = anyOf ? ['(id = any($1) or identifier = any($1))'] : identifiers ? ['identifier = any($1)'] : []
    const values = anyOf ? [anyOf] : identifiers ? [identifiers] : []
    const list = { table: 'resource_servers', key: 'id', columns: 'document, encrypted_signing_secret, updated_at', where, values }
    const { rows, total } = await readTablePage<Row>(this.pool, list, page)
    const found = rows.map((row) => ({
      document: row.document,
      signingSecret: decryptSigningSecret(this.rootKeys, row.id, row.encrypted_signing_secret),
      createdAt: row.created_at.toISOString(),
      updatedAt: row.updated_at.toISOString(),
    }))
    return { rows: found, total }
  }
}

interface Row {
  readonly id: string
  readonly document: ResourceServerDocument
  readonly encrypted_signing_secret: string | null
  readonly updated_at: Date
}
