import 'reflect-metadata'
import { Type } from 'class-transformer'
import { registerDecorator, ValidateIf, ValidateNested } from 'class-validator'
import { type JsonSchema, type MemberSchema, noteMember } from './schema.js'

/*
 * Decorators for the members of a request body. Each passes a member that is missing (`@Required()` says otherwise) and takes null only
 * where it says so. Their messages are those of the JSON-schema validator that Auth0 uses (spec/management-api.md §1.6). What they ask for
 * stands in the API's description too (schema.ts).
 */

interface Nullable {
  readonly nullable?: boolean
}
interface TextRule extends Nullable {
  readonly min?: number
  readonly max?: number
  readonly pattern?: RegExp
  /** Names a format and says whether a text has it. */
  readonly format?: readonly [string, (text: string) => boolean]
}
interface NumberRule extends Nullable {
  readonly min?: number
  readonly max?: number
  readonly integer?: boolean
}
interface ListRule extends Nullable {
  readonly min?: number
  readonly max?: number
}

type Problem = (value: unknown) => string | undefined

const READ_ONLY = 'management:read-only'

/** The name of a JSON value's type, as JSON schema has it. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

export const Required = (): PropertyDecorator => rule('required', () => undefined, { required: true })

export const Text = (options: TextRule = {}): PropertyDecorator => rule('text', textProblem(options), { ...options, schema: textSchema(options) })

/** A name: 1 character or more, no angle brackets. */
export const Name = (max?: number, options: Nullable = {}): PropertyDecorator =>
  Text({ min: 1, pattern: /^[^<>]+$/, ...(max !== undefined && { max }), ...options })

export const OneOf = (values: readonly string[], options: Nullable = {}): PropertyDecorator =>
  rule('one-of', choiceProblem(values), { ...options, schema: { type: 'string', enum: values } })

export const Flag = (options: Nullable = {}): PropertyDecorator =>
  rule('flag', (value) => wrongType(value, 'boolean'), { ...options, schema: { type: 'boolean' } })

export const Num = (options: NumberRule = {}): PropertyDecorator => rule('number', numberProblem(options), { ...options, schema: numberSchema(options) })

export const Int = (options: NumberRule = {}): PropertyDecorator => Num({ ...options, integer: true })

/** A list of texts. */
export const Texts = (options: ListRule & { readonly each?: TextRule } = {}): PropertyDecorator =>
  rule('texts', (value) => listProblem(options)(value) ?? firstOf(value as unknown[], textProblem(options.each ?? {})), {
    ...options,
    schema: { ...listSchema(options), items: textSchema(options.each ?? {}) },
  })

export const Choices = (values: readonly string[], options: ListRule = {}): PropertyDecorator =>
  rule('choices', (value) => listProblem(options)(value) ?? firstOf(value as unknown[], choiceProblem(values)), {
    ...options,
    schema: { ...listSchema(options), items: { type: 'string', enum: values } },
  })

/** An object whose members are texts; null takes a member away. */
export const TextMap = ({ maxMembers, max, nullable = false }: { maxMembers: number; max: number; nullable?: boolean }): PropertyDecorator =>
  rule(
    'text-map',
    (value) => {
      const wrong = wrongType(value, 'object')
      if (wrong) return wrong
      const entries = Object.entries(value as object) as [string, unknown][]
      if (entries.length > maxMembers) return `Too many properties defined (${entries.length}), maximum ${maxMembers}`
      return (
        firstOf(
          entries.map(([key]) => key),
          textProblem({ max }),
        ) ??
        firstOf(
          entries.map(([, member]) => member).filter((member) => member !== null),
          textProblem({ max }),
        )
      )
    },
    {
      nullable,
      schema: {
        type: 'object',
        maxProperties: maxMembers,
        propertyNames: { maxLength: max },
        additionalProperties: { type: ['string', 'null'], maxLength: max },
      },
    },
  )

/** Any object: stored and given back as it came. */
export const AnyObject = (options: Nullable = {}): PropertyDecorator =>
  rule('object', (value) => wrongType(value, 'object'), { ...options, schema: { type: 'object' } })

export const AnyList = (options: ListRule = {}): PropertyDecorator => rule('list', listProblem(options), { ...options, schema: listSchema(options) })

/** Any value: stored and given back as it came. */
const Anything = (): PropertyDecorator => rule('anything', () => undefined, { nullable: true })

/** An object with members of its own. */
export const Nested = (type: () => new () => object, options: Nullable = {}): PropertyDecorator => nested(type, (value) => wrongType(value, 'object'), options)

export const NestedList = (type: () => new () => object, options: ListRule = {}): PropertyDecorator =>
  nested(type, (value) => listProblem(options)(value) ?? firstOf(value as unknown[], (item) => wrongType(item, 'object')), {
    ...options,
    schema: listSchema(options),
    isList: true,
  })

/** Says in the API's description what a member is about, where its name does not. */
export const Described =
  (description: string): PropertyDecorator =>
  (target, property) =>
    noteMember(target, String(property), { schema: { description } })

/** A member that clients send back as they read it: taken and forgotten. */
export const ReadOnly = (): PropertyDecorator => (target, property) => {
  Anything()(target, property)
  noteMember(target, String(property), { readOnly: true })
  const names = (Reflect.getMetadata(READ_ONLY, target) as string[] | undefined) ?? []
  Reflect.defineMetadata(READ_ONLY, [...names, String(property)], target)
}

export const readOnlyMembers = (type: new () => object): readonly string[] =>
  (Reflect.getMetadata(READ_ONLY, type.prototype as object) as string[] | undefined) ?? []

interface RuleOptions extends Nullable {
  readonly required?: boolean
  /** For the API's description; without it any value may stand there. */
  readonly schema?: JsonSchema
}

/** A member with a check of its own: `problem` answers what is wrong with it. */
export function rule(name: string, problem: Problem, { nullable = false, required = false, schema = {} }: RuleOptions = {}): PropertyDecorator {
  return (target, property) => {
    noteMember(target, String(property), required ? { required } : { nullable, schema })
    const detail: Problem = (value) => {
      if (value === undefined) return required ? `Missing required property: ${String(property)}` : undefined
      return (value === null && nullable) || required ? undefined : problem(value)
    }
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: String(property),
      validator: { validate: (value: unknown) => detail(value) === undefined, defaultMessage: (args) => detail(args?.value) ?? '' },
    })
  }
}

function nested(type: () => new () => object, problem: Problem, options: RuleOptions & Pick<MemberSchema, 'isList'>): PropertyDecorator {
  return (target, property) => {
    rule('nested', problem, options)(target, property)
    noteMember(target, String(property), { nested: type, isList: options.isList ?? false })
    // The library takes a null for no object.
    ValidateIf((_, value) => value !== null || !options.nullable)(target, property)
    ValidateNested()(target, property)
    Type(type)(target, property)
  }
}

const wrongType = (value: unknown, expected: string): string | undefined => {
  const found = typeOf(value)
  return found === expected || (expected === 'number' && found === 'integer') ? undefined : `Expected type ${expected} but found type ${found}`
}

const textProblem =
  ({ min = 0, max, pattern, format }: TextRule): Problem =>
  (value) => {
    const wrong = wrongType(value, 'string')
    if (wrong) return wrong
    const text = value as string
    const { length } = [...text]
    if (length < min) return `String is too short (${length} chars), minimum ${min}`
    if (max !== undefined && length > max) return `String is too long (${length} chars), maximum ${max}`
    if (pattern && !pattern.test(text)) return `String does not match pattern ${pattern.source}`
    if (format && !format[1](text)) return `Object didn't pass validation for format ${format[0]}: ${text.slice(0, 200)}`
    return undefined
  }

const choiceProblem =
  (values: readonly string[]): Problem =>
  (value) =>
    typeof value === 'string' && values.includes(value) ? undefined : `No enum match for: ${String(JSON.stringify(value)).replaceAll('"', '').slice(0, 200)}`

const numberProblem =
  ({ min, max, integer = false }: NumberRule): Problem =>
  (value) => {
    const wrong = wrongType(value, integer ? 'integer' : 'number')
    if (wrong) return wrong
    if (min !== undefined && (value as number) < min) return `Value ${String(value)} is less than minimum ${min}`
    if (max !== undefined && (value as number) > max) return `Value ${String(value)} is greater than maximum ${max}`
    return undefined
  }

const listProblem =
  ({ min = 0, max }: ListRule): Problem =>
  (value) => {
    if (!Array.isArray(value)) return wrongType(value, 'array')
    if (value.length < min) return `Array is too short (${value.length}), minimum ${min}`
    return max !== undefined && value.length > max ? `Array is too long (${value.length}), maximum ${max}` : undefined
  }

function firstOf(items: readonly unknown[], problem: Problem): string | undefined {
  for (const item of items) {
    const found = problem(item)
    if (found) return found
  }
  return undefined
}

const textSchema = ({ min, max, pattern, format }: TextRule): JsonSchema => ({
  type: 'string',
  ...(min !== undefined && { minLength: min }),
  ...(max !== undefined && { maxLength: max }),
  ...(pattern && { pattern: pattern.source }),
  ...(format && { format: format[0] }),
})

const numberSchema = ({ min, max, integer = false }: NumberRule): JsonSchema => ({
  type: integer ? 'integer' : 'number',
  ...(min !== undefined && { minimum: min }),
  ...(max !== undefined && { maximum: max }),
})

const listSchema = ({ min, max }: ListRule): JsonSchema => ({
  type: 'array',
  ...(min !== undefined && { minItems: min }),
  ...(max !== undefined && { maxItems: max }),
})
