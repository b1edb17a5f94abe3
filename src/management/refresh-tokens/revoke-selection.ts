import { Inject, Injectable } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { FindClient, FindResourceServer } from '../../authorization/index.js'
import { CONFIG, type Config } from '../../config.js'
import type { Context } from '../../event-store/event.js'
import { ManagementError } from '../../http/management-error.js'
import { CountRefreshTokens, FindRefreshToken, type RefreshTokenFilter, RevokeMatchingRefreshTokens, RevokeRefreshToken } from '../../tokens/index.js'
import { FindUser } from '../../users/index.js'
import { toFilter } from './read-filter.js'
import type { RevokeTokens } from './refresh-tokens.dto.js'
import { refusedBody } from '../validation/valid-body.js'

/** What a request for revocation means: these ids, or all that a filter selects. `ours`: in a form that Auth0 does not have. */
type Meant = { readonly ids: readonly string[] } | { readonly filter: RefreshTokenFilter; readonly ours: boolean }

/** Ends, or only counts, what a request selects (spec/management-api.md §2.1, docs/refresh-tokens.md). */
@Injectable()
export class RevokeSelection {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** Exactly one of the forms of POST /refresh-tokens/revoke. Errors: ManagementError 400 for another, and for what is not there. */
  async meant({ ids, user_id, client_id, audience, filter }: RevokeTokens): Promise<Meant> {
    const auth0 = toFilter({ user_id, client_id, audience })
    const forms = [ids, filter, Object.keys(auth0).length > 0 ? auth0 : undefined].filter((form) => form !== undefined)
    if (forms.length !== 1) throw combination()
    if (ids) return { ids: [...new Set(ids)] }
    if (filter) {
      const ours = toFilter(filter)
      if (Object.keys(ours).length === 0) throw combination()
      await this.#mustExist(ours)
      return { filter: ours, ours: true }
    }
    const byClientAlone = user_id === undefined && audience === undefined && this.config.settings.mgmtRevokeByClientAlone
    if ((user_id === undefined && !byClientAlone) || (audience !== undefined && client_id === undefined)) throw combination()
    await this.#mustExist(auth0)
    return { filter: auth0, ours: false }
  }

  /** How many are active now. Errors: ManagementError 503. */
  async count(meant: Meant): Promise<number> {
    if ('filter' in meant) return available(() => this.queries.execute(new CountRefreshTokens(meant.filter)))
    const found = await Promise.all(meant.ids.map((id) => this.queries.execute(new FindRefreshToken(id, { orSuccessor: true }))))
    return new Set(found.flatMap((token) => token?.id ?? [])).size
  }

  /** Everything is dead before the answer, although Auth0 only promises that it will be; the answer to a form of ours says so. Errors: ManagementError 503. */
  async revoke(meant: Meant, context: Context): Promise<object | undefined> {
    if ('ids' in meant) {
      await Promise.all(meant.ids.map((id) => this.commands.execute(new RevokeRefreshToken(id, 'api-bulk', undefined, context))))
      return undefined
    }
    const revoked = await available(() => this.commands.execute(new RevokeMatchingRefreshTokens(meant.filter, context)))
    if (!meant.ours) return undefined
    return {
      status: revoked.status,
      ...(revoked.ended !== undefined && { revoked: revoked.ended }),
      ...(revoked.status === 'running' && { id: revoked.revocationId }),
    }
  }

  /** All of a user's. Errors: ManagementError 503. */
  async ofUser(filter: Pick<RefreshTokenFilter, 'userId'>, context: Context): Promise<void> {
    await available(() => this.commands.execute(new RevokeMatchingRefreshTokens(filter, context)))
  }

  async #mustExist({ userId, clientId, audience }: RefreshTokenFilter): Promise<void> {
    if (userId !== undefined && !(await this.queries.execute(new FindUser({ userId })))) throw refusedBody('User not found.')
    if (clientId !== undefined && !(await this.queries.execute(new FindClient({ clientId })))) {
      throw refusedBody('Client not found.')
    }
    if (audience !== undefined && !(await this.queries.execute(new FindResourceServer(audience)))) {
      throw refusedBody('Resource server not found.')
    }
  }
}

async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if ((error as { code?: unknown }).code === '57014') {
      throw new ManagementError(
        503,
        'The query exceeded the timeout. Please try refining your search criteria. See https://auth0.com/docs/best-practices/search-best-practices.',
      )
    }
    throw error
  }
}

const combination = (): ManagementError => refusedBody('Invalid combination of parameters.')
