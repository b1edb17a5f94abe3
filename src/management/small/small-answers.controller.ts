import { Body, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common'
import { ManagementController } from '../management-controller.js'
import { Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { SMALL_ANSWERS, SMALL_WRITES } from './small-answers.js'

/** A route for each of the small answers. */
@ManagementController()
export class SmallAnswersController {}

for (const [n, { path, scopes, status, parameters, answer }] of SMALL_ANSWERS.entries()) {
  const [name, descriptor] = handler(`answer${n}`, (query: QueryParameters, params?: Readonly<Record<string, string>>) => answer(query, params))
  Get(path)(SmallAnswersController.prototype, name, descriptor)
  HttpCode(status)(SmallAnswersController.prototype, name, descriptor)
  Parameters(...parameters)(SmallAnswersController.prototype, name, descriptor)
  Scopes(...scopes)(SmallAnswersController.prototype, name, descriptor)
  Query()(SmallAnswersController.prototype, name, 0)
  Param()(SmallAnswersController.prototype, name, 1)
}

for (const [n, { method, path, scopes, status, operation, write }] of SMALL_WRITES.entries()) {
  const [name, descriptor] = handler(`write${n}`, (body: unknown) => write(body))
  const route = { POST: Post, PUT: Put, PATCH: Patch, DELETE: Delete }[method]
  route(path)(SmallAnswersController.prototype, name, descriptor)
  HttpCode(status)(SmallAnswersController.prototype, name, descriptor)
  Scopes(...scopes)(SmallAnswersController.prototype, name, descriptor)
  Operation(operation, { personal: true })(SmallAnswersController.prototype, name, descriptor)
  Body()(SmallAnswersController.prototype, name, 0)
}

function handler<A extends unknown[]>(name: string, value: (...input: A) => unknown): [string, TypedPropertyDescriptor<(...input: A) => unknown>] {
  const descriptor = { value, configurable: true, writable: true }
  Object.defineProperty(SmallAnswersController.prototype, name, descriptor)
  return [name, descriptor]
}
