import { Get, Query } from '@nestjs/common'
import { ManagementController } from '../management-controller.js'
import { FIELDS, Parameters } from '../parameters.js'
import { Scopes } from '../scopes.js'
import { invalidQuery, type QueryParameters, text } from '../validation/query.js'
import { ListUsers } from './list-users.js'

/** spec/management-api.md §2.7. */
@ManagementController('users-by-email')
export class UsersByEmailController {
  constructor(private readonly lists: ListUsers) {}

  @Get()
  @Scopes('read:users')
  @Parameters('email', ...FIELDS)
  list(@Query() query: QueryParameters): Promise<object[]> {
    const email = text(query, 'email')
    if (email === undefined) throw invalidQuery('Missing required property: email', 'email')
    return this.lists.byEmail(email, query)
  }
}
