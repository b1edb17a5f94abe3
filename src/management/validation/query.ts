import { ManagementError } from '../../http/management-error.js'

/** A parsed query string: what Express' simple parser makes. Parameters that nobody asks for are ignored (management-api.md §1.1). */
export type QueryParameters = Readonly<Record<string, unknown>>

/** The 400 for a query parameter that does not fit. */
export const invalidQuery = (detail: string, name: string): ManagementError =>
  new ManagementError(400, `Query validation error: '${detail}' on property ${name}.`, 'invalid_query_string')

const MAX_LENGTH = 600
const MAX_ITEMS = 100

/** One text; undefined where it is missing or empty. Errors: ManagementError 400, as all of these. */
export function text(query: QueryParameters, name: string, { max = MAX_LENGTH, pattern }: { max?: number; pattern?: RegExp } = {}): string | undefined {
  const value = own(query, name)
  if (value === undefined || value === '') return undefined
  if (typeof value !== 'string') throw invalidQuery('Expected type string but found type array', name)
  const { length } = [...value]
  if (length > max) throw invalidQuery(`String is too long (${length} chars), maximum ${max}`, name)
  if (pattern && !pattern.test(value)) throw invalidQuery(`String does not match pattern ${pattern.source}`, name)
  return value
}

export function oneOf<T extends string>(query: QueryParameters, name: string, values: readonly T[]): T | undefined {
  const value = text(query, name)
  if (value === undefined) return undefined
  if (!values.includes(value as T)) throw invalidQuery(`No enum match for: ${value.slice(0, 100)}`, name)
  return value as T
}

export function flag(query: QueryParameters, name: string): boolean | undefined {
  const value = text(query, name)
  if (value === undefined) return undefined
  if (value !== 'true' && value !== 'false') throw invalidQuery('Expected type boolean but found type string', name)
  return value === 'true'
}

export function integer(query: QueryParameters, name: string, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}): number | undefined {
  const value = text(query, name)
  if (value === undefined) return undefined
  if (!/^-?\d{1,16}$/.test(value)) throw invalidQuery('Expected type integer but found type string', name)
  const number = Number(value)
  if (number < min) throw invalidQuery(`Value ${number} is less than minimum ${min}`, name)
  if (number > max) throw invalidQuery(`Value ${number} is greater than maximum ${max}`, name)
  return number
}

/** A parameter that may be repeated; empty where it is missing. */
export function texts(query: QueryParameters, name: string): string[] {
  const value = own(query, name)
  const items = (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === 'string' && item !== '')
  if (items.length > MAX_ITEMS) throw invalidQuery(`Array is too long (${items.length}), maximum ${MAX_ITEMS}`, name)
  const long = items.find((item) => [...item].length > MAX_LENGTH)
  if (long !== undefined) throw invalidQuery(`String is too long (${[...long].length} chars), maximum ${MAX_LENGTH}`, name)
  return items
}

const own = (query: QueryParameters, name: string): unknown => (Object.hasOwn(query, name) ? query[name] : undefined)
