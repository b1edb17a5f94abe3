import { Module } from '@nestjs/common'
import { CqrsModule } from '@nestjs/cqrs'
import { AddDeviceKeyHandler } from './commands/add-device-key.js'
import { DeleteDeviceKeyHandler } from './commands/delete-device-key.js'
import { FindDeviceKeysHandler } from './queries/find-device-keys.js'
import { AppointAdministratorHandler } from './commands/appoint-administrator.js'
import { CheckPasswordHandler } from './commands/check-password.js'
import { ChangeConnectionHandler } from './commands/change-connection.js'
import { ChangePasswordHandler } from './commands/change-password.js'
import { ChangeRoleHandler } from './commands/change-role.js'
import { ChangeRolePermissionsHandler } from './commands/change-role-permissions.js'
import { ChangeTenantSettingsHandler } from './commands/change-tenant-settings.js'
import { ChangeUserHandler } from './commands/change-user.js'
import { ChangeUserPermissionsHandler } from './commands/change-user-permissions.js'
import { ChangeUserRolesHandler } from './commands/change-user-roles.js'
import { CreateConnectionHandler } from './commands/create-connection.js'
import { ChangeMemberRolesHandler } from './commands/change-member-roles.js'
import { ChangeMembershipHandler } from './commands/change-membership.js'
import { ChangeOrganizationHandler } from './commands/change-organization.js'
import { ChangeOrganizationItemsHandler } from './commands/change-organization-items.js'
import { AcceptInvitationHandler } from './commands/accept-invitation.js'
import { CreateInvitationHandler } from './commands/create-invitation.js'
import { EndInvitationHandler } from './commands/end-invitation.js'
import { EndInvitationsOfHandler } from './commands/end-invitations-of.js'
import { EndOverdueInvitationsHandler } from './commands/end-overdue-invitations.js'
import { CreateOrganizationHandler } from './commands/create-organization.js'
import { DeleteOrganizationHandler } from './commands/delete-organization.js'
import { CreateRoleHandler } from './commands/create-role.js'
import { CreateUserHandler } from './commands/create-user.js'
import { DeleteConnectionHandler } from './commands/delete-connection.js'
import { DeleteRoleHandler } from './commands/delete-role.js'
import { DeleteUserHandler } from './commands/delete-user.js'
import { DeleteUsersOfConnectionHandler } from './commands/delete-users-of-connection.js'
import { EndLoginsHandler } from './commands/end-logins.js'
import { EraseDeletedUserHandler } from './commands/erase-deleted-user.js'
import { SignUpHandler } from './commands/sign-up.js'
import { LiftLoginBlocksHandler } from './commands/lift-login-blocks.js'
import { SwitchConnectionClientsHandler } from './commands/switch-connection-clients.js'
import { ConnectionDeletedReactor } from './connection-deleted.reactor.js'
import { CredentialsTable } from './login/credentials.js'
import { LoginAccounts } from './login/accounts.js'
import { LoginAttempts } from './login/login-attempts.js'
import { FindAccountHandler } from './queries/find-account.js'
import { FindConnectionHandler } from './queries/find-connection.js'
import { FindLoginConnectionsHandler } from './queries/find-login-connections.js'
import { FindConnectionsHandler } from './queries/find-connections.js'
import { FindInvitationByTicketHandler } from './queries/find-invitation-by-ticket.js'
import { InvitationRows } from './queries/invitation-rows.js'
import { FindInvitationsHandler } from './queries/find-invitations.js'
import { HasAccountHandler } from './queries/has-account.js'
import { FindLoginBlocksHandler } from './queries/find-login-blocks.js'
import { FindLoginFactsHandler } from './queries/find-login-facts.js'
import { FindLoginOrganizationHandler } from './queries/find-login-organization.js'
import { FindOrganizationMemberHandler } from './queries/find-organization-member.js'
import { FindOrganizationsHandler } from './queries/find-organizations.js'
import { FindOrganizationsOfLoginHandler } from './queries/find-organizations-of-login.js'
import { FindRolesHandler } from './queries/find-roles.js'
import { FindTenantSettingsHandler } from './queries/find-tenant-settings.js'
import { FindUserHandler } from './queries/find-user.js'
import { FindUserPermissionsHandler } from './queries/find-user-permissions.js'
import { FindUsersHandler } from './queries/find-users.js'
import { UserIdsOfConnection } from './queries/user-ids-of-connection.js'
import { InvitationsReactor } from './invitations.reactor.js'
import { UserErasureReactor } from './user-erasure.reactor.js'

@Module({
  imports: [CqrsModule],
  providers: [
    CredentialsTable,
    LoginAttempts,
    LoginAccounts,
    FindLoginBlocksHandler,
    LiftLoginBlocksHandler,
    CheckPasswordHandler,
    SignUpHandler,
    FindAccountHandler,
    FindLoginFactsHandler,
    FindLoginConnectionsHandler,
    CreateConnectionHandler,
    ChangeTenantSettingsHandler,
    CreateUserHandler,
    ChangePasswordHandler,
    AppointAdministratorHandler,
    DeleteUserHandler,
    FindConnectionHandler,
    FindTenantSettingsHandler,
    FindUserHandler,
    FindUsersHandler,
    FindConnectionsHandler,
    UserIdsOfConnection,
    CreateOrganizationHandler,
    ChangeOrganizationHandler,
    ChangeOrganizationItemsHandler,
    DeleteOrganizationHandler,
    InvitationRows,
    CreateInvitationHandler,
    AcceptInvitationHandler,
    EndInvitationHandler,
    EndInvitationsOfHandler,
    EndOverdueInvitationsHandler,
    FindInvitationsHandler,
    FindInvitationByTicketHandler,
    HasAccountHandler,
    InvitationsReactor,
    ChangeMembershipHandler,
    ChangeMemberRolesHandler,
    FindOrganizationsHandler,
    FindOrganizationsOfLoginHandler,
    FindLoginOrganizationHandler,
    FindOrganizationMemberHandler,
    CreateRoleHandler,
    ChangeRoleHandler,
    ChangeRolePermissionsHandler,
    DeleteRoleHandler,
    FindRolesHandler,
    AddDeviceKeyHandler,
    DeleteDeviceKeyHandler,
    FindDeviceKeysHandler,
    ChangeUserRolesHandler,
    ChangeUserPermissionsHandler,
    FindUserPermissionsHandler,
    ChangeUserHandler,
    ChangeConnectionHandler,
    SwitchConnectionClientsHandler,
    DeleteConnectionHandler,
    DeleteUsersOfConnectionHandler,
    ConnectionDeletedReactor,
    EndLoginsHandler,
    EraseDeletedUserHandler,
    UserErasureReactor,
  ],
  exports: [ConnectionDeletedReactor, InvitationsReactor, UserErasureReactor],
})
export class UsersModule {}
