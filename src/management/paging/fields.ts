import { flag, type QueryParameters, text } from '../validation/query.js'

/** What `fields` and `include_fields` ask for (spec/management-api.md §1.4); undefined for everything. */
export interface Fields {
  readonly names: ReadonlySet<string>
  /** What the names reach into: `a` and `a.b` of `a.b.c`. */
  readonly parents: ReadonlySet<string>
  readonly include: boolean
}

export function readFields(query: QueryParameters): Fields | undefined {
  const names = text(query, 'fields', { max: 5000 })
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const include = flag(query, 'include_fields') ?? true
  return names && names.length > 0 ? { names: new Set(names), parents: new Set(names.flatMap(parentsOf)), include } : undefined
}

function parentsOf(name: string): string[] {
  const path = name.split('.')
  return path.slice(1).map((_, n) => path.slice(0, n + 1).join('.'))
}

/** The document with the members that were asked for; a name with a dot reaches into an object, or into those of a list. */
export function pick(document: object, fields: Fields | undefined): object {
  return fields ? picked(document, fields, '') : document
}

function picked(document: object, fields: Fields, prefix: string): object {
  const kept = Object.entries(document).flatMap(([name, value]: [string, unknown]): [string, unknown][] => {
    const path = prefix + name
    if (fields.names.has(path)) return fields.include ? [[name, value]] : []
    const inside = fields.parents.has(path)
    if (inside && Array.isArray(value) && value.every(isObject)) return [[name, value.map((item) => picked(item, fields, `${path}.`))]]
    if (inside && isObject(value)) return [[name, picked(value, fields, `${path}.`)]]
    return fields.include ? [] : [[name, value]]
  })
  return Object.fromEntries(kept)
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)
