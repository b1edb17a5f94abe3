/**
 * Tokens owns refresh-token families: their life from issue to revocation, the texts of their tokens, the grants that spend
 * them, and the read model of the active ones. It knows no HTTP of the Management API, no sessions' insides and no client's
 * settings: those come in as policies. It reacts to what the modules above it in the line report, and orders nothing of them.
 */
export { IssueRefreshToken, type IssuedRefreshToken } from './commands/issue-refresh-token.js'
export { RevokeRefreshToken } from './commands/revoke-refresh-token.js'
export { RevokeRefreshTokens, type RefreshTokenSelection } from './commands/revoke-refresh-tokens.js'
export { SetRefreshTokenMetadata } from './commands/set-refresh-token-metadata.js'
export { RedeemRefreshToken, type RedeemedRefreshToken } from './commands/redeem-refresh-token.js'
export { CountRefreshTokens } from './queries/count-refresh-tokens.js'
export { type DeviceCredential, FindDeviceCredentials } from './queries/find-device-credentials.js'
export { FindRefreshToken, type RefreshTokenRecord } from './queries/find-refresh-token.js'
export { FindRefreshTokens, type RefreshTokenPage } from './queries/find-refresh-tokens.js'
export { ActiveLimitReactor } from './active-limit.reactor.js'
export { ClientDeletedReactor } from './client-deleted.reactor.js'
export type { FamilyEvent, RevocationReason } from './refresh-token/family.events.js'
export { family, type ExchangePolicy, type LifetimePolicy } from './refresh-token/family.js'
export { InvalidMetadataError, type RefreshTokenMetadata } from './refresh-token/metadata.js'
export { type RefreshTokenRow, refreshTokensProjection } from './refresh-token/refresh-tokens.projection.js'
export { UserDeletedReactor } from './user-deleted.reactor.js'
export { TokensModule } from './tokens.module.js'
