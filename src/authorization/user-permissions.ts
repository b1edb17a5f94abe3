import type { QueryBus } from '@nestjs/cqrs'
import { FindUserPermissions } from '../users/index.js'
import { isOidcScope } from './granted-scope.js'
import type { ResourceServerDocument } from './resource-server/resource-server.events.js'

/**
 * What a user is permitted at an API that enforces it (`enforce_policies`), in an organization or in none, as it is now, of the scopes that the API
 * still has; undefined where nothing is enforced, which costs nothing.
 */
export async function enforcedPermissions(
  queries: QueryBus,
  userId: string,
  api: ResourceServerDocument | undefined,
  organizationId?: string,
): Promise<readonly string[] | undefined> {
  if (api?.['enforce_policies'] !== true) return undefined
  const permitted = await queries.execute(new FindUserPermissions(userId, api.id, organizationId))
  return permitted.filter((name) => api.scopes.some(({ value }) => value === name))
}

/** What is left of a scope where permissions are enforced: what belongs to no API passes (spec/oauth.md §2.1). */
export const permittedScope = (scope: readonly string[], permissions: readonly string[] | undefined): readonly string[] =>
  permissions === undefined ? scope : scope.filter((name) => isOidcScope(name) || name === 'offline_access' || permissions.includes(name))
