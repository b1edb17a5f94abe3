import { ManagementError } from '../http/management-error.js'
import { asForm } from './validation/form-values.js'
import { invalidBody, refusedBody } from './validation/valid-body.js'

/** Deeper than any body that Auth0's API knows. */
const MAX_DEPTH = 24
/** More than any object there has, too. What validates bodies takes time by the square of it. */
const MAX_MEMBERS = 5000

/**
 * A body's value; undefined for none. DELETE takes what older SDKs send without a meaning, even what cannot be read.
 * Errors: ManagementError 400 invalid_body; 415 for a media type that is neither JSON nor a form.
 */
export function parseBody(text: string, contentType: string | undefined, method: string): unknown {
  if (text === '') return undefined
  const type = (contentType ?? 'application/json').split(';')[0]!.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') return asForm(checked(fromForm(text)) as object)
  if (!/^application\/([\w.+-]+\+)?json$/.test(type)) {
    if (method === 'DELETE') return undefined
    throw new ManagementError(415, 'Unsupported Media Type')
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    if (method === 'DELETE') return undefined
    throw refusedBody('Invalid request payload JSON format')
  }
  return checked(value)
}

/** Repeated names make an array. */
function fromForm(text: string): object {
  const values = new Map<string, string | string[]>()
  for (const [name, value] of new URLSearchParams(text)) {
    const former = values.get(name)
    values.set(name, former === undefined ? value : [former, value].flat())
  }
  return Object.fromEntries(values)
}

/** Refuses what cannot be stored as it came (zero bytes, half characters, numbers beyond doubles), names that every object has, and what is too much of an object. */
function checked(root: unknown): unknown {
  const waiting: { readonly value: unknown; readonly path: string; readonly depth: number }[] = [{ value: root, path: '', depth: 0 }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, path, depth } = next
    if (typeof value === 'string' && /\0|\p{Cs}/u.test(value)) throw invalid(`Object didn't pass validation for format text: unreadable characters`, path)
    if (typeof value === 'number' && !Number.isFinite(value)) throw invalid('Expected type number but found type infinity', path)
    if (typeof value !== 'object' || value === null) continue
    if (depth >= MAX_DEPTH) throw invalid(`Object is nested too deeply, maximum ${MAX_DEPTH}`, '')
    const members = Object.entries(value)
    if (members.length > MAX_MEMBERS && !Array.isArray(value)) throw invalid(`Too many properties defined (${members.length}), maximum ${MAX_MEMBERS}`, path)
    for (const [name, member] of members) {
      if (name in Object.prototype || /\0|\p{Cs}/u.test(name)) throw invalid(`Additional properties not allowed: ${printable(name)}`, path)
      waiting.push({ value: member, path: path === '' ? name : `${path}.${name}`, depth: depth + 1 })
    }
  }
  return root
}

const printable = (name: string): string => JSON.stringify(name).slice(1, -1).slice(0, 100)

const invalid = (detail: string, path: string): ManagementError => invalidBody(detail, printable(path))
