import { Delete, Get, HttpCode, Query } from '@nestjs/common'
import { ManagementController } from '../management-controller.js'
import { offsetAnswer, offsetRequest } from '../paging/page.js'
import { Operation, Scopes } from '../scopes.js'
import { invalidQuery, type QueryParameters, text } from '../validation/query.js'

/** What users consented to (spec/management-api.md §2.6). A consent counts for one login and is not remembered, so there is none to show or to delete. */
@ManagementController('grants')
export class GrantsController {
  @Get()
  @Scopes('read:grants')
  list(@Query() query: QueryParameters): object {
    return offsetAnswer(offsetRequest(query), 'grants', [], 0)
  }

  @Delete()
  @HttpCode(204)
  @Scopes('delete:grants')
  @Operation(`Delete a user's grants`)
  deleteOfUser(@Query() query: QueryParameters): void {
    if (text(query, 'user_id') === undefined) throw invalidQuery('Missing required property: user_id', 'user_id')
  }

  @Delete(':id')
  @HttpCode(204)
  @Scopes('delete:grants')
  @Operation('Delete a grant')
  delete(): void {
    // Whatever the id, there is none (any more).
  }
}
