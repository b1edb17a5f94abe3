import type { OrganizationMember } from '../../users/index.js'
import type { PostLoginParties } from './post-login-facts.js'

/** What Actions are told of the organization that a person acts in, and of their roles there (spec/actions.md §2.2). */
export function eventOrganization({ organization, roles }: OrganizationMember): NonNullable<PostLoginParties['organization']> {
  const { id, name, display_name, metadata } = organization
  return { id, name, display_name: display_name ?? name, metadata: metadata ?? {}, roles }
}
