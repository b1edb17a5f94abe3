import type { QueryBus } from '@nestjs/cqrs'
import { ManagementError } from '../../http/management-error.js'
import { FindOrganizations, type OrganizationDocument } from '../../users/index.js'

export const noOrganization = (): ManagementError => new ManagementError(404, 'No organization found by that id or name')
/** An organization or its member holds as many as can be. */
export const tooMany = (): ManagementError => new ManagementError(403, 'You reached the limit of entities of this type for this tenant.', 'too_many_entities')

/** As it is now. Errors: ManagementError 404. */
export async function findOrganization(queries: QueryBus, by: { readonly id: string } | { readonly name: string }): Promise<OrganizationDocument> {
  const { rows } = await queries.execute(new FindOrganizations(by, { limit: 1 }))
  if (!rows[0]) throw noOrganization()
  return rows[0].document
}

/** Further pages of long lists are for cursors (spec/management-api.md §1.7). */
export const MAX_PAGE = 1000
