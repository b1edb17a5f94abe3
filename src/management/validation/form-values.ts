import { schemaOf } from './schema.js'

const FORMS = new WeakSet<object>()

/** Notes that a body came as a form, where every value is a text. */
export function asForm<T extends object>(body: T): T {
  FORMS.add(body)
  return body
}

/**
 * A form's texts as the values that the class has there, so that forms can say what JSON can (spec/management-api.md §1.1): `true`, `60`, and a list of
 * one. Texts that are none of it stay for the validation to refuse; other bodies stay as they are.
 */
export function formValues(type: new () => object, body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !FORMS.has(body)) return body
  const members = schemaOf(type)['properties'] as Readonly<Record<string, { readonly type?: string | readonly string[] }>>
  return Object.fromEntries(Object.entries(body).map(([name, text]: [string, unknown]) => [name, valueOf([members[name]?.type].flat(), text)]))
}

function valueOf(types: readonly (string | undefined)[], text: unknown): unknown {
  if (types.includes('array')) return [text].flat()
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  const isNumber = types.includes('integer') || types.includes('number')
  return isNumber && typeof text === 'string' && /^-?\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : text
}
