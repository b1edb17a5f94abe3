import type { PersonalData, Upcasters } from '../../event-store/event.js'
import type { Difference } from '../../event-store/difference.js'

/** Where a person's account comes from. */
export interface Identity {
  readonly connection: string
  readonly connection_id: string
  readonly provider: string
  readonly user_id: string
  readonly isSocial: boolean
  readonly profileData?: PersonalData
}

/** A user as the Management API shows it (spec/management-api.md §2.7), what is personal encrypted. Member names are Auth0's. */
export interface UserProfile {
  readonly user_id: string
  readonly identities: readonly [Identity, ...Identity[]]
  readonly email?: PersonalData
  readonly email_verified?: boolean
  readonly username?: PersonalData
  readonly phone_number?: PersonalData
  readonly phone_verified?: boolean
  readonly name?: PersonalData
  readonly nickname?: PersonalData
  readonly given_name?: PersonalData
  readonly family_name?: PersonalData
  readonly picture?: PersonalData
  readonly user_metadata?: PersonalData
  readonly app_metadata?: PersonalData
  readonly blocked?: boolean
}

/** One scope of one API, given to a user directly. The API's id tells it from a later one with the same identifier. */
export interface AssignedPermission {
  readonly resourceServerId: string
  readonly resourceServerIdentifier: string
  readonly name: string
}

/** Personal values are PersonalData; a password or its hash is never here. */
export interface LoginsEnded {
  /** All refresh tokens end as well. */
  readonly endsRefreshTokens?: true
}

export type UserEvent =
  | { readonly type: 'UserCreated'; readonly data: { readonly profile: UserProfile } }
  /** They made the account themselves, on the sign-up page. */
  | { readonly type: 'UserSignedUp'; readonly data: object }
  | { readonly type: 'UserChanged'; readonly data: { readonly changes: Difference<UserProfile> } }
  | { readonly type: 'PasswordChanged'; readonly data: object }
  /** Whoever is logged in as them must log in again. */
  | { readonly type: 'LoginsEnded'; readonly data: LoginsEnded }
  | { readonly type: 'AdministratorAppointed'; readonly data: object }
  | { readonly type: 'AdministratorDismissed'; readonly data: object }
  /** Roles by their ids. */
  | { readonly type: 'UserRolesAssigned'; readonly data: { readonly roles: readonly string[] } }
  | { readonly type: 'UserRolesRemoved'; readonly data: { readonly roles: readonly string[] } }
  | { readonly type: 'UserPermissionsAssigned'; readonly data: { readonly permissions: readonly AssignedPermission[] } }
  | { readonly type: 'UserPermissionsRemoved'; readonly data: { readonly permissions: readonly AssignedPermission[] } }
  /** `reason`: by an operator, by logging in through a connection that makes members, or by an invitation. */
  | { readonly type: 'OrganizationMemberAdded'; readonly data: { readonly organizationId: string; readonly reason: 'api' | 'auto_membership' | 'invitation' } }
  | { readonly type: 'OrganizationMemberRemoved'; readonly data: { readonly organizationId: string } }
  | { readonly type: 'OrganizationMemberRolesAssigned'; readonly data: { readonly organizationId: string; readonly roles: readonly string[] } }
  | { readonly type: 'OrganizationMemberRolesRemoved'; readonly data: { readonly organizationId: string; readonly roles: readonly string[] } }
  /** What it brings stands in the events beside it. */
  | { readonly type: 'OrganizationInvitationAccepted'; readonly data: { readonly organizationId: string; readonly invitationId: string } }
  /** `connection`: where the account was, by its name. */
  | { readonly type: 'UserDeleted'; readonly data: { readonly connection?: string } }

export const userUpcasters: Upcasters<UserEvent> = {
  UserCreated: [],
  UserSignedUp: [],
  UserChanged: [],
  PasswordChanged: [],
  LoginsEnded: [],
  AdministratorAppointed: [],
  AdministratorDismissed: [],
  UserRolesAssigned: [],
  UserRolesRemoved: [],
  UserPermissionsAssigned: [],
  UserPermissionsRemoved: [],
  OrganizationMemberAdded: [],
  OrganizationMemberRemoved: [],
  OrganizationMemberRolesAssigned: [],
  OrganizationMemberRolesRemoved: [],
  OrganizationInvitationAccepted: [],
  UserDeleted: [],
}
