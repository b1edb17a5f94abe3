import { Get, Param, Query } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { FindOrganizations, FindUser } from '../../users/index.js'
import { ManagementController } from '../management-controller.js'
import { showOrganization } from '../organizations/organizations.dto.js'
import { offsetAnswer, offsetRequest } from '../paging/page.js'
import { PAGES, Parameters } from '../parameters.js'
import { Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { absentUser } from './user-access.js'

/** The organizations that a user is a member of (spec/management-api.md §2.7). */
@ManagementController('users/:id/organizations')
export class UserOrganizationsController {
  constructor(private readonly queries: QueryBus) {}

  @Get()
  @Scopes('read:organizations')
  @Parameters(...PAGES)
  async list(@Param('id') userId: string, @Query() query: QueryParameters): Promise<object> {
    const request = offsetRequest(query)
    if (!(await this.queries.execute(new FindUser({ userId })))) throw absentUser()
    const { rows, total } = await this.queries.execute(new FindOrganizations({ userId }, request))
    return offsetAnswer(
      request,
      'organizations',
      rows.map(({ document }) => showOrganization(document)),
      total,
    )
  }
}
