import type { IssuanceDecisions } from '../../actions/index.js'
import type { ResourceServerDocument } from '../../authorization/index.js'

/**
 * The scope of one access token with what Actions made of it (spec/actions.md §3.2): they may add what nobody asked for or consented to, and take
 * away anything. `added` belongs to this token alone. Nothing is added at the Management API: who may manage this service is no matter of an
 * Action, as with its claims (§7).
 */
export function decidedScope(
  scope: readonly string[],
  { add, remove }: IssuanceDecisions['scopes'],
  api: Pick<ResourceServerDocument, 'is_system'> | undefined,
): { readonly scope: readonly string[]; readonly added: readonly string[] } {
  const added = api?.is_system ? [] : add.filter((name) => !scope.includes(name))
  return { scope: [...scope, ...added].filter((name) => !remove.includes(name)), added }
}
