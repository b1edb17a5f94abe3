import type { QueryBus } from '@nestjs/cqrs'
import { eventOrganization, type PostLoginParties } from '../authorization/index.js'
import { FindOrganizationMember } from '../users/index.js'

/** The organization that a token is for, as the token says it (spec/oauth.md §2.1). */
export interface TokenOrganization {
  readonly id: string
  /** Only where the tenant wants tokens to say it. */
  readonly name?: string
}

/** Somebody who acts in an organization: what tokens say of it, and what Actions are told. */
export interface ActingIn {
  readonly token: TokenOrganization
  readonly event: NonNullable<PostLoginParties['organization']>
}

/** As it is now; undefined where the organization is gone, or they are no member any more. Errors: the database's. */
export async function actingIn(queries: QueryBus, organizationId: string, userId: string): Promise<ActingIn | undefined> {
  const member = await queries.execute(new FindOrganizationMember(organizationId, userId))
  if (!member) return undefined
  const { id, name } = member.organization
  return { token: { id, ...(member.namesShown && { name }) }, event: eventOrganization(member) }
}

/** spec/oauth.md §2.1, §2.2 */
export const organizationClaims = (organization: TokenOrganization | undefined): { readonly org_id?: string; readonly org_name?: string } =>
  organization ? { org_id: organization.id, ...(organization.name !== undefined && { org_name: organization.name }) } : {}

/** What the client of somebody is told who is no member (spec/refresh-tokens.md §6.1). */
export const notAMember = (userId: string, organizationId: string): string => `user ${userId} is not part of the ${organizationId} organization`
