import type { QueryBus } from '@nestjs/cqrs'
import { FindLoginOrganization, type LoginOrganization, type TenantSettings } from '../users/index.js'

/** What an `organization` parameter names; `text` is what the client is told of one that is of no use (spec/oauth.md §4.6). */
type AskedOrganization = { readonly kind: 'found'; readonly organization: LoginOrganization } | { readonly kind: 'refused'; readonly text: string }

/** Finds an organization by its id, or by its name where the tenant wants names to count. Errors: the database's. */
export async function askedOrganization(queries: QueryBus, asked: string, tenant: TenantSettings): Promise<AskedOrganization> {
  const namesCount = showsOrganizationNames(tenant)
  if (!namesCount && !asked.startsWith('org_')) {
    return { kind: 'refused', text: 'authorization request parameter organization must be an organization id' }
  }
  const found = await findOrganization(queries, asked, namesCount)
  return found ? { kind: 'found', organization: found } : { kind: 'refused', text: `parameter organization is invalid: ${asked.slice(0, MAX_SHOWN)}` }
}

/** By its id or, where names count, by its name. Errors: the database's. */
export async function findOrganization(queries: QueryBus, asked: string, namesCount: boolean): Promise<LoginOrganization | undefined> {
  // What cannot be one need not be looked for, and the database takes no NUL.
  return /^[\w-]{1,64}$/.test(asked) ? queries.execute(new FindLoginOrganization(asked, namesCount)) : undefined
}

/** Whether organizations may be named by their names, and tokens say them (`org_name`). */
export const showsOrganizationNames = (tenant: TenantSettings): boolean => tenant['allow_organization_name_in_authentication_api'] === true

const MAX_SHOWN = 200
