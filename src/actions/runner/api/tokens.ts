import type { TokenKind } from '../../rules/commands.js'
import { MAX_ADDED_SCOPES, scopeProblem, TOO_MANY_SCOPES } from '../../rules/scopes.js'
import type { Build } from './build.js'
import { give, snapshot } from './give.js'

export const idTokenApi = (build: Build, api: object): object => ({ setCustomClaim: setCustomClaim(build, api, 'idToken') })

export function accessTokenApi(build: Build, api: object): object {
  let added = 0
  const change = (kind: 'add' | 'remove') => (scope: unknown) => {
    const trimmed: unknown = typeof scope === 'string' ? scope.trim() : scope
    const problem = scopeProblem(trimmed)
    if (problem) throw problem.type ? new TypeError(problem.message) : new Error(problem.message)
    if (kind === 'add' && ++added > MAX_ADDED_SCOPES) throw new Error(TOO_MANY_SCOPES)
    give(build, { type: 'scope', change: kind, scope: trimmed as string })
  }
  return { setCustomClaim: setCustomClaim(build, api, 'accessToken'), addScope: change('add'), removeScope: change('remove') }
}

/** Of all that are set, the token's own rules decide which get into it; only this one is refused aloud (spec/actions.md §7). */
export const setCustomClaim = (build: Build, api: object, token: TokenKind) => (key: unknown, value: unknown) => {
  const name = String(key)
  if (name === 'scope') throw new Error('The "scope" claim cannot be set.')
  if (value === undefined) give(build, { type: 'claim', token, key: name })
  else give(build, { type: 'claim', token, key: name, value: snapshot(value, `The value of the "${name}" claim is not serializable.`) })
  return api
}
