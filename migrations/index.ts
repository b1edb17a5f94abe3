import { EventStore1763700000000 } from './1763700000000-event-store.js'
import { SigningKeys1763700100000 } from './1763700100000-signing-keys.js'
import { Configuration1763700200000 } from './1763700200000-configuration.js'
import { RefreshTokens1763700300000 } from './1763700300000-refresh-tokens.js'
import { ClientAuthentication1763700400000 } from './1763700400000-client-authentication.js'
import { UserSearch1763700500000 } from './1763700500000-user-search.js'
import { LoginAttempts1763700600000 } from './1763700600000-login-attempts.js'
import { ManagementLists1763700700000 } from './1763700700000-management-lists.js'
import { TenantLogs1763700800000 } from './1763700800000-tenant-logs.js'

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
]
