import { isDeepStrictEqual } from 'node:util'
import type { PipeTransform } from '@nestjs/common'
import { plainToInstance } from 'class-transformer'
import { validateSync, type ValidationError } from 'class-validator'
import { ManagementError } from '../../http/management-error.js'
import { formValues } from './form-values.js'
import { readOnlyMembers, typeOf } from './rules.js'

/** A pipe that says what bodies it takes, for the API's description. */
export interface BodyPipe<T> extends PipeTransform<unknown, T> {
  readonly body: { readonly type: new () => object; readonly isList: boolean }
}

/**
 * A pipe for `@Body(validBody(CreateThing))`: answers the body as it came, without its read-only members, once it fits the class
 * (rules.ts). No body counts as an empty object. Errors: ManagementError 400 invalid_body, in Auth0's words; members that the class
 * does not name are refused.
 */
export function validBody<T extends object>(type: new () => T): BodyPipe<T> {
  return { transform: (value) => checkBody(type, formValues(type, value ?? {})), body: { type, isList: false } }
}

/** As the pipe, for a value at hand, which may be the member `path` of a body. */
export function checkBody<T extends object>(type: new () => T, value: unknown, path = ''): T {
  const found = typeOf(value)
  if (found !== 'object') throw invalidBody(`Expected type object but found type ${found}`, path)
  const errors = validateSync(plainToInstance(type, value), { whitelist: true, forbidNonWhitelisted: true, stopAtFirstError: true })
  const [first] = errors
  if (first) throw describe(first, path)
  const readOnly = readOnlyMembers(type)
  const [sent, echoed] = [true, false].map((kept) => Object.fromEntries(Object.entries(value as object).filter(([name]) => readOnly.includes(name) !== kept)))
  ECHOED.set(sent!, echoed!)
  return sent as T
}

/** The read-only members that bodies came with. */
const ECHOED = new WeakMap<object, object>()

/**
 * Refuses a body, as `validBody` gave it, that repeats a member of a resource which cannot change as anything else than it is. Errors: ManagementError
 * 400.
 */
export function repeats(body: object, current: object): void {
  const now = new Map(Object.entries(current))
  const other = Object.entries(ECHOED.get(body) ?? {}).find(([name, value]) => now.has(name) && !isDeepStrictEqual(value, now.get(name)))
  if (other) throw invalidBody(`Additional properties not allowed: ${other[0]}`)
}

const MAX_ITEMS = 1000

/** As the pipe, for a body that is a list. */
export function validList<T extends object>(type: new () => T): BodyPipe<T[]> {
  return {
    body: { type, isList: true },
    transform: (value) => {
      if (!Array.isArray(value)) throw invalidBody(`Expected type array but found type ${typeOf(value ?? null)}`)
      if (value.length > MAX_ITEMS) throw invalidBody(`Array is too long (${value.length}), maximum ${MAX_ITEMS}`)
      return value.map((item: unknown) => checkBody(type, item))
    },
  }
}

/** The 400 for a body that does not fit: what is wrong, and where. */
export const invalidBody = (detail: string, path = ''): ManagementError =>
  refusedBody(`Payload validation error: '${detail}'${path && ` on property ${path}`}.`)

/** The 400 for a body that fits, and is refused all the same. */
export const refusedBody = (message: string): ManagementError => new ManagementError(400, message, 'invalid_body')

function describe(error: ValidationError, parent = ''): ManagementError {
  const path = /^\d+$/.test(error.property) ? `${parent}[${error.property}]` : parent ? `${parent}.${error.property}` : error.property
  const { whitelistValidation, nestedValidation, ...constraints } = error.constraints ?? {}
  if (whitelistValidation !== undefined) return invalidBody(`Additional properties not allowed: ${error.property.slice(0, 100)}`, parent)
  const [detail] = Object.values(constraints)
  if (detail !== undefined) return invalidBody(detail, path)
  const [child] = error.children ?? []
  return child ? describe(child, path) : invalidBody(nestedValidation ?? 'Invalid value', path)
}
