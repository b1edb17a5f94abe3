import { Get, Query } from '@nestjs/common'
import { ManagementController } from '../management-controller.js'
import { Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { SMALL_ANSWERS } from './small-answers.js'

/** A route for each of the small answers. */
@ManagementController()
export class SmallAnswersController {}

for (const [n, { path, scopes, answer }] of SMALL_ANSWERS.entries()) {
  const name = `answer${n}`
  const descriptor = { value: (query: QueryParameters) => answer(query), configurable: true, writable: true }
  Object.defineProperty(SmallAnswersController.prototype, name, descriptor)
  Get(path)(SmallAnswersController.prototype, name, descriptor)
  Scopes(...scopes)(SmallAnswersController.prototype, name, descriptor)
  Query()(SmallAnswersController.prototype, name, 0)
}
