import 'reflect-metadata'

/** A JSON schema (2020-12), as OpenAPI 3.1 has it. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** What the decorators of rules.ts say of one member. */
export interface MemberSchema {
  readonly schema: JsonSchema
  readonly nullable: boolean
  /** The class of the member, or of its items. */
  readonly nested?: () => new () => object
  readonly isList?: boolean
  readonly required?: boolean
  readonly readOnly?: boolean
}

const MEMBERS = 'management:members'

/** Adds to what is known of a member. */
export function noteMember(target: object, member: string, note: Partial<MemberSchema>): void {
  const known = membersOf(target)
  const before = known[member] ?? { schema: {}, nullable: false }
  const schema = { ...before.schema, ...note.schema }
  Reflect.defineMetadata(MEMBERS, { ...known, [member]: { ...before, ...note, schema } }, target)
}

/** The members that a class and those that it extends declare, by name. */
const membersOf = (target: object): Readonly<Record<string, MemberSchema>> =>
  (Reflect.getMetadata(MEMBERS, target) as Record<string, MemberSchema> | undefined) ?? {}

/** The schema of a body that must fit a class: no other members, and those that are only read are left out. */
export function schemaOf(type: new () => object): JsonSchema {
  const members = Object.entries(membersOf(type.prototype as object)).filter(([, { readOnly }]) => !readOnly)
  const required = members.filter(([, member]) => member.required).map(([name]) => name)
  return {
    type: 'object',
    properties: Object.fromEntries(members.map(([name, member]) => [name, memberSchema(member)])),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  }
}

function memberSchema({ schema, nullable, nested, isList = false }: MemberSchema): JsonSchema {
  const whole = nested ? (isList ? { ...schema, items: schemaOf(nested()) } : schemaOf(nested())) : schema
  if (!nullable || whole['type'] === undefined) return whole
  const values = whole['enum'] as readonly unknown[] | undefined
  return { ...whole, type: [whole['type'], 'null'].flat(), ...(values && { enum: [...values, null] }) }
}
