import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { RootKeys } from '../../keys/root-key.js'
import { findResourceServerRow } from '../resource-server/resource-server-table.js'
import { decryptSigningSecret } from '../resource-server/signing-secret.js'
import { SettingsCache, type Versioned } from './settings-cache.js'

/**
 * The secret that tokens for the API with this identifier are signed with, as it was less than a second ago; undefined for an API whose
 * tokens are not (any more) signed with a secret.
 */
export class FindSigningSecret extends Query<string | undefined> {
  constructor(readonly identifier: string) {
    super()
  }
}

@QueryHandler(FindSigningSecret)
export class FindSigningSecretHandler implements IQueryHandler<FindSigningSecret> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly rootKeys: RootKeys,
    private readonly settings: SettingsCache,
  ) {}

  execute({ identifier }: FindSigningSecret): Promise<string | undefined> {
    return this.settings.get(`api-secret ${identifier}`, () => this.#read(identifier))
  }

  async #read(identifier: string): Promise<Versioned<string> | undefined> {
    const row = await findResourceServerRow(this.pool, identifier)
    if (row?.document.signing_alg !== 'HS256') return undefined
    const value = decryptSigningSecret(this.rootKeys, row.id, row.encrypted_signing_secret)
    return value === undefined ? undefined : { value, streamId: `resource_server-${row.id}`, version: row.version }
  }
}
