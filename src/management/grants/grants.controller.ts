import { Delete, Get, HttpCode, Inject, Param, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { FindConsents, type ListedConsent } from '../../authorization/index.js'
import { CONFIG, type Config } from '../../config.js'
import { EndGrant, EndGrantsOfUser } from '../../tokens/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { offsetAnswer, offsetRequest } from '../paging/page.js'
import { PAGES, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { invalidQuery, type QueryParameters, text } from '../validation/query.js'

/** What people let clients have (spec/management-api.md §2.6). With a grant go its refresh tokens, before the answer. */
@ManagementController('grants')
export class GrantsController {
  /** Stands for no API: what such a login opens. */
  readonly #userinfo: string

  constructor(
    @Inject(CONFIG) { issuer }: Config,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {
    this.#userinfo = `${issuer}userinfo`
  }

  @Get()
  @Scopes('read:grants')
  @Parameters('user_id', 'client_id', 'audience', ...PAGES)
  async list(@Query() query: QueryParameters): Promise<object> {
    const request = offsetRequest(query)
    const audience = text(query, 'audience')
    const filter = { userId: text(query, 'user_id'), clientId: text(query, 'client_id'), audience: audience === this.#userinfo ? null : audience }
    const { rows, total } = await this.queries.execute(new FindConsents(filter, request))
    return offsetAnswer(
      request,
      'grants',
      rows.map((consent) => this.#show(consent)),
      total,
    )
  }

  @Delete()
  @HttpCode(204)
  @Scopes('delete:grants')
  @Parameters('user_id')
  @Operation(`Delete a user's grants`)
  async deleteOfUser(@Query() query: QueryParameters, @Caller() { context }: CallerOf): Promise<void> {
    const userId = text(query, 'user_id')
    if (userId === undefined) throw invalidQuery('Missing required property: user_id', 'user_id')
    await this.commands.execute(new EndGrantsOfUser(userId, context))
  }

  /** Also for an id that is not there: the promise is that it is gone. */
  @Delete(':id')
  @HttpCode(204)
  @Scopes('delete:grants')
  @Operation('Delete a grant')
  async delete(@Param('id') id: string, @Caller() { context }: CallerOf): Promise<void> {
    await this.commands.execute(new EndGrant(id, 'deleted', context))
  }

  /** Auth0 writes `clientID` here. */
  #show({ id, clientId, userId, audience, scope }: ListedConsent): object {
    return { id, clientID: clientId, user_id: userId, audience: audience ?? this.#userinfo, scope }
  }
}
