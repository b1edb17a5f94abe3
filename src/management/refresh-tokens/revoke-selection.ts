import { Injectable } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { FindClient, FindResourceServer } from '../../authorization/index.js'
import type { Context } from '../../event-store/event.js'
import { NotYetError } from '../../event-store/projection.js'
import { ManagementError } from '../../http/management-error.js'
import { type RefreshTokenSelection, RevokeRefreshToken, RevokeRefreshTokens } from '../../tokens/index.js'
import { FindUser } from '../../users/index.js'
import type { RevokeTokens } from './refresh-tokens.dto.js'

/** Revokes what a request selects: everything is dead before the answer, although Auth0 only promises that it will be. */
@Injectable()
export class RevokeSelection {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** Exactly one form of POST /refresh-tokens/revoke. Errors: ManagementError 400 for another, and for what is not there. */
  async revoke({ ids, user_id, client_id, audience }: RevokeTokens, context: Context): Promise<void> {
    if (ids) {
      if (user_id !== undefined || client_id !== undefined || audience !== undefined) throw combination()
      for (const id of new Set(ids)) await this.commands.execute(new RevokeRefreshToken(id, 'api-bulk', undefined, context))
      return
    }
    if (user_id === undefined || (audience !== undefined && client_id === undefined)) throw combination()
    if (!(await this.queries.execute(new FindUser({ userId: user_id })))) throw new ManagementError(400, 'User not found.', 'invalid_body')
    if (client_id !== undefined && !(await this.queries.execute(new FindClient({ clientId: client_id })))) {
      throw new ManagementError(400, 'Client not found.', 'invalid_body')
    }
    if (audience !== undefined && !(await this.queries.execute(new FindResourceServer(audience)))) {
      throw new ManagementError(400, 'Resource server not found.', 'invalid_body')
    }
    await this.ofUser({ userId: user_id, ...(client_id !== undefined && { clientId: client_id }), ...(audience !== undefined && { audience }) }, context)
  }

  /** Errors: ManagementError 503 while nobody can tell which tokens there are. */
  async ofUser(selection: RefreshTokenSelection, context: Context): Promise<void> {
    await this.commands.execute(new RevokeRefreshTokens(selection, 'api-bulk', context)).catch((error: unknown) => {
      if (error instanceof NotYetError) throw new ManagementError(503, 'The service is temporarily unavailable.', undefined, { 'Retry-After': '1' })
      throw error
    })
  }
}

const combination = (): ManagementError => new ManagementError(400, 'Invalid combination of parameters.', 'invalid_body')
