/** A scope's text that an Action may not add or remove; `type` says that it is a TypeError for the Action (spec/actions.md §3.2). */
interface ScopeProblem {
  readonly message: string
  readonly type: boolean
}

const MAX_LENGTH = 280
export const MAX_ADDED_SCOPES = 1000
export const TOO_MANY_SCOPES = `The number of scopes exceeds the allowed maximum of ${MAX_ADDED_SCOPES}.`

/** Of a scope that is trimmed already; undefined for a good one. */
export function scopeProblem(scope: unknown): ScopeProblem | undefined {
  if (typeof scope !== 'string') return { message: 'The value for the scope must be a string.', type: true }
  if (scope === '') return { message: 'The value for the scope is required.', type: false }
  if (scope.length > MAX_LENGTH) return { message: `The value for the scope exceeds the allowed maximum of ${MAX_LENGTH} characters.`, type: false }
  if (/\s/.test(scope)) return { message: 'The value for the scope must not have whitespace.', type: false }
  // RFC 6749 §3.3: what a scope may consist of, so that the list stays a list.
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) return { message: 'The value for the scope is of the wrong type or exceeds the size limit.', type: false }
  return undefined
}
