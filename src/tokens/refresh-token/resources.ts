import type { ExchangedAccess } from './family.events.js'

/** An API, with all that a family's exchanges gave there. */
export interface Resource {
  readonly audience: string
  readonly scope: readonly string[]
}

/** The APIs beside the login's, after one more exchange (spec/refresh-tokens.md §6.3). */
export function withAccess(
  resources: readonly Resource[],
  ofLogin: string | null,
  { audience, scope: given, addedScope = [] }: ExchangedAccess,
): readonly Resource[] {
  if (audience === null || audience === ofLogin) return resources
  const scope = given.filter((name) => !addedScope.includes(name))
  const known = resources.find((resource) => resource.audience === audience)
  const all = [...new Set([...(known?.scope ?? []), ...scope])]
  if (known && all.length === known.scope.length) return resources
  return [...resources.filter((resource) => resource !== known), { audience, scope: all }]
}
