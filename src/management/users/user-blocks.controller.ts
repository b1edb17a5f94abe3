import { Delete, Get, HttpCode, Param, Query } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { PersonKeys } from '../../keys/person-keys.js'
import { FindLoginBlocks, FindUser, openProfiles } from '../../users/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { flag, invalidQuery, type QueryParameters, text } from '../validation/query.js'
import { LiftBlocks } from './lift-blocks.js'
import { absentUser } from './user-access.js'

/** Accounts that wrong passwords have closed (spec/management-api.md §2.7). To which address is not told: it is kept as a keyed hash only. */
@ManagementController('user-blocks')
export class UserBlocksController {
  constructor(
    private readonly blocks: LiftBlocks,
    private readonly queries: QueryBus,
    private readonly keys: PersonKeys,
  ) {}

  @Get()
  @Scopes('read:users')
  @Parameters('identifier', 'consider_brute_force_enablement')
  async find(@Query() query: QueryParameters): Promise<object> {
    const identifier = identifierIn(query)
    flag(query, 'consider_brute_force_enablement')
    return blockedFor(identifier, await this.queries.execute(new FindLoginBlocks({ identifier })))
  }

  @Delete()
  @HttpCode(204)
  @Scopes('update:users')
  @Operation('Unblock by identifier', { personal: true })
  @Parameters('identifier')
  async lift(@Query() query: QueryParameters, @Caller() { context }: CallerOf): Promise<void> {
    await this.blocks.lift({ identifier: identifierIn(query) }, context)
  }

  @Get(':id')
  @Scopes('read:users')
  @Parameters('consider_brute_force_enablement')
  async ofUser(@Param('id') userId: string, @Query() query: QueryParameters): Promise<object> {
    flag(query, 'consider_brute_force_enablement')
    const identifier = await this.#identifier(userId)
    return blockedFor(identifier, await this.queries.execute(new FindLoginBlocks({ userId })))
  }

  @Delete(':id')
  @HttpCode(204)
  @Scopes('update:users')
  @Operation('Unblock a user', { personal: true })
  async liftOfUser(@Param('id') userId: string, @Caller() { context }: CallerOf): Promise<void> {
    await this.#identifier(userId)
    await this.blocks.lift({ userId }, context)
  }

  /** What the person logs in as. Errors: ManagementError 404. */
  async #identifier(userId: string): Promise<string> {
    const found = await this.queries.execute(new FindUser({ userId }))
    if (!found) throw absentUser()
    const [person] = await openProfiles(this.keys, [found.document])
    return person?.email ?? person?.username ?? person?.phone_number ?? userId
  }
}

function identifierIn(query: QueryParameters): string {
  const identifier = text(query, 'identifier')
  if (identifier === undefined) throw invalidQuery('Missing required property: identifier', 'identifier')
  return identifier
}

const blockedFor = (identifier: string, connections: readonly string[]): object => ({
  blocked_for: connections.map((connection) => ({ identifier, connection })),
})
