import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common'
import { DiscoveryModule } from '@nestjs/core'
import { CqrsModule } from '@nestjs/cqrs'
import { ActionVersionsController } from './actions/action-versions.controller.js'
import { ActionsController } from './actions/actions.controller.js'
import { ActionConsoleController } from './actions/console.controller.js'
import { ExecutionsController } from './actions/executions.controller.js'
import { TriggersController } from './actions/triggers.controller.js'
import { ConnectionListsController } from './connections/connection-lists.controller.js'
import { ConnectionsController } from './connections/connections.controller.js'
import { WriteConnections } from './connections/write-connections.js'
import { ClientConnectionsController } from './clients/client-connections.controller.js'
import { ClientCredentialsController } from './clients/client-credentials.controller.js'
import { ClientsController } from './clients/clients.controller.js'
import { ClientGrantsController } from './client-grants/client-grants.controller.js'
import { GrantsController } from './grants/grants.controller.js'
import { OrganizationEmptyListsController } from './organizations/empty-lists.controller.js'
import { InvitationsController } from './organizations/invitations.controller.js'
import { WriteInvitations } from './organizations/write-invitations.js'
import { MemberRolesController } from './organizations/member-roles.controller.js'
import { OrganizationClientGrantsController } from './organizations/organization-client-grants.controller.js'
import { EnabledConnectionsController, OrganizationConnectionsController } from './organizations/organization-connections.controller.js'
import { OrganizationConnections } from './organizations/organization-connections.js'
import { OrganizationLists } from './organizations/organization-lists.js'
import { OrganizationMembersController } from './organizations/organization-members.controller.js'
import { OrganizationsController } from './organizations/organizations.controller.js'
import { AccessLists } from './roles/access-lists.js'
import { RolePermissionsController } from './roles/role-permissions.controller.js'
import { RoleUsersController } from './roles/role-users.controller.js'
import { RolesController } from './roles/roles.controller.js'
import { SigningKeysController } from './keys/signing-keys.controller.js'
import { ResourceServersController } from './resource-servers/resource-servers.controller.js'
import { SmallAnswersController } from './small/small-answers.controller.js'
import { Stats } from './small/stats.js'
import { StatsController } from './small/stats.controller.js'
import { TenantParts } from './tenants/tenant-parts.js'
import { TenantPartsController } from './tenants/tenant-parts.controller.js'
import { TenantSettingsController } from './tenants/tenant-settings.controller.js'
import { ShowDeviceCredentials } from './device-credentials/show-device-credentials.js'
import { DeviceCredentialsController } from './device-credentials/device-credentials.controller.js'
import { managementCors } from './cors.js'
import { Deliveries } from './log-streams/delivery/deliveries.js'
import { LogStreamsController } from './log-streams/log-streams.controller.js'
import { ReadLogStreams } from './log-streams/read-log-streams.js'
import { WriteLogStreams } from './log-streams/write-log-streams.js'
import { LogsController } from './logs/logs.controller.js'
import { LogProofs } from './logs/log-proofs.js'
import { ShowLogs } from './logs/show-logs.js'
import { TenantLogs } from './logs/tenant-logs.js'
import { ManagementAudit } from './management-audit.js'
import { Cursors } from './paging/cursors.js'
import { RefreshTokensController } from './refresh-tokens/refresh-tokens.controller.js'
import { RefreshTokenHistoriesController } from './refresh-tokens/refresh-token-histories.controller.js'
import { ShowHistory } from './refresh-tokens/show-history.js'
import { LogIds } from './logs/log-ids.js'
import { RevokeSelection } from './refresh-tokens/revoke-selection.js'
import { ShowRefreshTokens } from './refresh-tokens/show-refresh-tokens.js'
import { UserRefreshTokensController } from './refresh-tokens/user-refresh-tokens.controller.js'
import { SessionsController } from './sessions/sessions.controller.js'
import { ShowSessions } from './sessions/show-sessions.js'
import { UserSessionsController } from './sessions/user-sessions.controller.js'
import { UsersByEmailController } from './users/users-by-email.controller.js'
import { UserOrganizationsController } from './users/user-organizations.controller.js'
import { UserBlocksController } from './users/user-blocks.controller.js'
import { UserFactorsController } from './users/user-factors.controller.js'
import { UserPermissionsController } from './users/user-permissions.controller.js'
import { UserRolesController } from './users/user-roles.controller.js'
import { UsersController } from './users/users.controller.js'
import { ListUsers } from './users/list-users.js'
import { LiftBlocks } from './users/lift-blocks.js'
import { WriteUsers } from './users/write-users.js'
import { OpenApiController } from './openapi/openapi.controller.js'
import { Routes } from './routes.js'
import { ShowDevices } from './show-devices.js'
import { UnmatchedController } from './unmatched.controller.js'

export { ManagementJobsModule } from './management-jobs.module.js'

/** The resources, one folder each; what matches none of them comes last. */
const CONTROLLERS = [
  LogsController,
  LogStreamsController,
  RefreshTokensController,
  RefreshTokenHistoriesController,
  UserRefreshTokensController,
  SessionsController,
  UserSessionsController,
  DeviceCredentialsController,
  ClientConnectionsController,
  ClientCredentialsController,
  ClientsController,
  ResourceServersController,
  ClientGrantsController,
  GrantsController,
  TenantPartsController,
  TenantSettingsController,
  SigningKeysController,
  StatsController,
  RolePermissionsController,
  RoleUsersController,
  RolesController,
  OrganizationsController,
  OrganizationMembersController,
  MemberRolesController,
  EnabledConnectionsController,
  OrganizationConnectionsController,
  OrganizationClientGrantsController,
  InvitationsController,
  OrganizationEmptyListsController,
  ConnectionsController,
  ConnectionListsController,
  UserBlocksController,
  UserFactorsController,
  UserRolesController,
  UserPermissionsController,
  UserOrganizationsController,
  UsersController,
  UsersByEmailController,
  ActionVersionsController,
  ActionsController,
  TriggersController,
  ExecutionsController,
  ActionConsoleController,
  SmallAnswersController,
  OpenApiController,
  UnmatchedController,
]

/**
 * The Management API (spec/management-api.md). It asks the modules below by commands and queries and owns the read models of its lists.
 *
 * A resource is a folder with a controller, its DTOs and, where it needs one, a read function or a projection:
 *
 *     @ManagementController('things')                     // management-controller.ts: token, body, log, errors, at /api/v2/things
 *     export class ThingsController {
 *       @Get()
 *       @Scopes('read:things')                            // scopes.ts: any of; @AllScopes: all of. A route without one lets nobody in
 *       @Parameters(...BOTH_PAGES)                        // parameters.ts: what the query may say, for /api/v2/openapi.json
 *       list(@Query() query: QueryParameters) {           // validation/query.ts reads parameters; paging/ reads pages and fields
 *         const request = pageRequest(query, this.cursors, 'things')
 *         …
 *         return pageAnswer(request, 'things', rows, { cursors: this.cursors, list: 'things', placeOf: …, show: … })
 *       }
 *
 *       @Post()
 *       @Scopes('create:things')
 *       @Operation('Create a thing', { personal: false }) // the log's name; personal: bodies tell of people and are masked there
 *       create(@Body(validBody(CreateThing)) body: CreateThing, @Caller() caller: CallerOf) {
 *         … new CreateThing(body, caller.context)         // caller.ts: client, user, scopes, context for commands
 *       }
 *     }
 *
 * `CreateThing` is a class of members with the decorators of validation/rules.ts: `@Required() @Text({ max: 80 }) name: string`.
 * Errors are ManagementError. A GET that shows a secret says `reveal(caller, 'client_secret')`. The body that the handler gets is the
 * JSON as it came. Static paths stand before `:id`. The audit facts are written by the interceptor.
 */
@Module({
  imports: [CqrsModule, DiscoveryModule],
  controllers: CONTROLLERS,
  providers: [
    AccessLists,
    OrganizationLists,
    OrganizationConnections,
    WriteInvitations,
    ManagementAudit,
    Cursors,
    TenantLogs,
    LogProofs,
    Deliveries,
    ReadLogStreams,
    WriteLogStreams,
    RevokeSelection,
    ShowRefreshTokens,
    ShowHistory,
    ShowDeviceCredentials,
    ShowDevices,
    LogIds,
    ShowLogs,
    ShowSessions,
    Stats,
    TenantParts,
    Routes,
    ListUsers,
    LiftBlocks,
    WriteUsers,
    WriteConnections,
  ],
})
export class ManagementModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(managementCors).forRoutes('api/v2/{*path}')
  }
}
