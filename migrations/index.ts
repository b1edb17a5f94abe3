import { EventStore1763700000000 } from './1763700000000-event-store.js'
import { SigningKeys1763700100000 } from './1763700100000-signing-keys.js'
import { Configuration1763700200000 } from './1763700200000-configuration.js'
import { RefreshTokens1763700300000 } from './1763700300000-refresh-tokens.js'

/** All migrations, oldest first. Once released, one is never edited. */
export const migrations = [EventStore1763700000000, SigningKeys1763700100000, Configuration1763700200000, RefreshTokens1763700300000]
