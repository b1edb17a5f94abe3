import { Module } from '@nestjs/common'
import { CqrsModule } from '@nestjs/cqrs'
import { ActiveLimitReactor } from './active-limit.reactor.js'
import { IssueRefreshTokenHandler } from './commands/issue-refresh-token.js'
import { ClientDeletedReactor } from './client-deleted.reactor.js'
import { LimitActiveRefreshTokensHandler } from './commands/limit-active-refresh-tokens.js'
import { RevokeRefreshTokenHandler } from './commands/revoke-refresh-token.js'
import { RevokeRefreshTokensHandler } from './commands/revoke-refresh-tokens.js'
import { RevokeRefreshTokensOfClientHandler } from './commands/revoke-refresh-tokens-of-client.js'
import { RevokeRefreshTokensOfUserHandler } from './commands/revoke-refresh-tokens-of-user.js'
import { SetRefreshTokenMetadataHandler } from './commands/set-refresh-token-metadata.js'
import { CountRefreshTokensHandler } from './queries/count-refresh-tokens.js'
import { FindDeviceCredentialsHandler } from './queries/find-device-credentials.js'
import { FindRefreshTokenHandler } from './queries/find-refresh-token.js'
import { FindRefreshTokensHandler } from './queries/find-refresh-tokens.js'
import { RefreshTokensOfClient } from './queries/refresh-tokens-of-client.js'
import { RefreshTokensOfUser } from './queries/refresh-tokens-of-user.js'
import { RefreshTokensOverLimit } from './queries/refresh-tokens-over-limit.js'
import { UserDeletedReactor } from './user-deleted.reactor.js'
import { ClientAuthenticationGuard } from './client-authentication.guard.js'
import { RedeemRefreshTokenHandler } from './commands/redeem-refresh-token.js'
import { RevokePresentedTokenHandler } from './commands/revoke-presented-token.js'
import { RevokeReplayedRefreshTokenHandler } from './commands/revoke-replayed-refresh-token.js'
import { AuthorizationCodeGrantHandler } from './grants/authorization-code.js'
import { ClientCredentialsGrantHandler } from './grants/client-credentials.js'
import { RefreshTokenGrantHandler } from './grants/refresh-token.js'
import { IntrospectionController } from './introspection.controller.js'
import { FindFamilyOfTokenHandler } from './queries/find-family-of-token.js'
import { ReadAccessTokenHandler } from './queries/read-access-token.js'
import { RevocationController } from './revocation.controller.js'
import { TokenController } from './token.controller.js'
import { TokenSet } from './token-set.js'
import { UserinfoController } from './userinfo.controller.js'

@Module({
  imports: [CqrsModule],
  controllers: [TokenController, RevocationController, IntrospectionController, UserinfoController],
  providers: [
    TokenSet,
    AuthorizationCodeGrantHandler,
    RefreshTokenGrantHandler,
    ClientCredentialsGrantHandler,
    ClientAuthenticationGuard,
    RevokePresentedTokenHandler,
    RevokeReplayedRefreshTokenHandler,
    ReadAccessTokenHandler,
    FindFamilyOfTokenHandler,
    RedeemRefreshTokenHandler,
    IssueRefreshTokenHandler,
    RevokeRefreshTokenHandler,
    RevokeRefreshTokensHandler,
    RevokeRefreshTokensOfClientHandler,
    RevokeRefreshTokensOfUserHandler,
    SetRefreshTokenMetadataHandler,
    LimitActiveRefreshTokensHandler,
    FindRefreshTokenHandler,
    CountRefreshTokensHandler,
    FindDeviceCredentialsHandler,
    FindRefreshTokensHandler,
    RefreshTokensOverLimit,
    RefreshTokensOfClient,
    RefreshTokensOfUser,
    ActiveLimitReactor,
    ClientDeletedReactor,
    UserDeletedReactor,
  ],
  exports: [ActiveLimitReactor, ClientDeletedReactor, UserDeletedReactor],
})
export class TokensModule {}
