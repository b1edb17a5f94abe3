import { EventStore1763700000000 } from './1763700000000-event-store.js'
import { SigningKeys1763700100000 } from './1763700100000-signing-keys.js'
import { Configuration1763700200000 } from './1763700200000-configuration.js'
import { RefreshTokens1763700300000 } from './1763700300000-refresh-tokens.js'
import { ClientAuthentication1763700400000 } from './1763700400000-client-authentication.js'
import { UserSearch1763700500000 } from './1763700500000-user-search.js'
import { LoginAttempts1763700600000 } from './1763700600000-login-attempts.js'
import { ManagementLists1763700700000 } from './1763700700000-management-lists.js'
import { TenantLogs1763700800000 } from './1763700800000-tenant-logs.js'
import { RefreshTokenMarks1763700900000 } from './1763700900000-refresh-token-marks.js'
import { Consents1763701000000 } from './1763701000000-consents.js'
import { RefreshTokenResources1763701100000 } from './1763701100000-refresh-token-resources.js'
import { UsedDpopProofs1763701200000 } from './1763701200000-used-dpop-proofs.js'
import { Roles1763701300000 } from './1763701300000-roles.js'
import { RefreshTokenLists1763701400000 } from './1763701400000-refresh-token-lists.js'
import { DeviceKeys1763701410000 } from './1763701410000-device-keys.js'
import { Actions1763701500000 } from './1763701500000-actions.js'
import { Sessions1763701600000 } from './1763701600000-sessions.js'
import { LogoutMessages1763701700000 } from './1763701700000-logout-messages.js'
import { RefreshTokenPages1763702900000 } from './1763702900000-refresh-token-pages.js'
import { SuspendedLogins1763703000000 } from './1763703000000-suspended-logins.js'
import { Organizations1763703200000 } from './1763703200000-organizations.js'
import { OrganizationMarks1763703210000 } from './1763703210000-organization-marks.js'
import { LogStreams1763703300000 } from './1763703300000-log-streams.js'
import { LoginBlocks1763703400000 } from './1763703400000-login-blocks.js'
import { TenantLogBound1763703600000 } from './1763703600000-tenant-log-bound.js'
import { TenantLogBoundChecked1763703610000 } from './1763703610000-tenant-log-bound-checked.js'
import { TenantLogPartitions1763703620000 } from './1763703620000-tenant-log-partitions.js'
import { GrantsByAudience1763703630000 } from './1763703630000-grants-by-audience.js'
import { StreamPages1763703700000 } from './1763703700000-stream-pages.js'
import { Invitations1763703720000 } from './1763703720000-invitations.js'
import { GuardedLogins1763703730000 } from './1763703730000-guarded-logins.js'
import { LogoutCauses1763703740000 } from './1763703740000-logout-causes.js'

/** All migrations, oldest first. Once released, one is never edited. */
export const migrations = [
  EventStore1763700000000,
  SigningKeys1763700100000,
  Configuration1763700200000,
  RefreshTokens1763700300000,
  ClientAuthentication1763700400000,
  UserSearch1763700500000,
  LoginAttempts1763700600000,
  ManagementLists1763700700000,
  TenantLogs1763700800000,
  RefreshTokenMarks1763700900000,
  Consents1763701000000,
  RefreshTokenResources1763701100000,
  UsedDpopProofs1763701200000,
  Roles1763701300000,
  RefreshTokenLists1763701400000,
  DeviceKeys1763701410000,
  Actions1763701500000,
  Sessions1763701600000,
  LogoutMessages1763701700000,
  RefreshTokenPages1763702900000,
  SuspendedLogins1763703000000,
  Organizations1763703200000,
  OrganizationMarks1763703210000,
  LogStreams1763703300000,
  LoginBlocks1763703400000,
  TenantLogBound1763703600000,
  TenantLogBoundChecked1763703610000,
  TenantLogPartitions1763703620000,
  GrantsByAudience1763703630000,
  StreamPages1763703700000,
  Invitations1763703720000,
  GuardedLogins1763703730000,
  LogoutCauses1763703740000,
]
