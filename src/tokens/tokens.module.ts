import { Module } from '@nestjs/common'
import { CqrsModule } from '@nestjs/cqrs'
import { RequestLimit } from '../audit/request-limit.js'
import { AuthorizationModule } from '../authorization/index.js'
import { ActiveLimitReactor } from './active-limit.reactor.js'
import { IssueRefreshTokenHandler } from './commands/issue-refresh-token.js'
import { ClientDeletedReactor } from './client-deleted.reactor.js'
import { EndGrantHandler } from './commands/end-grant.js'
import { EndGrantOfFamilyHandler } from './commands/end-grant-of-family.js'
import { EndGrantOfOnlineTokenHandler } from './commands/end-grant-of-online-token.js'
import { EndGrantsOfUserHandler } from './commands/end-grants-of-user.js'
import { GrantEndedReactor } from './grant-ended.reactor.js'
import { LimitActiveRefreshTokensHandler } from './commands/limit-active-refresh-tokens.js'
import { RevokeMatchingRefreshTokensHandler } from './commands/revoke-matching-refresh-tokens.js'
import { WorkOffRevocationsHandler } from './commands/work-off-revocations.js'
import { FindRefreshTokenHistoryHandler } from './queries/find-refresh-token-history.js'
import { FindReuseHandler } from './queries/find-reuse.js'
import { FindRevocationHandler } from './queries/find-revocation.js'
import { EndListedTokens } from './revocation/end-listed-tokens.js'
import { OpenRevocations } from './revocation/open-revocations.js'
import { RevokeRefreshTokenHandler } from './commands/revoke-refresh-token.js'
import { RevokeRefreshTokensHandler } from './commands/revoke-refresh-tokens.js'
import { RevokeAccessHandler } from './commands/revoke-access.js'
import { RevokeSessionHandler } from './commands/revoke-session.js'
import { SetRefreshTokenMetadataHandler } from './commands/set-refresh-token-metadata.js'
import { CountRefreshTokensHandler } from './queries/count-refresh-tokens.js'
import { FindDeviceCredentialsHandler } from './queries/find-device-credentials.js'
import { FindRefreshTokenHandler } from './queries/find-refresh-token.js'
import { FindRefreshTokensHandler } from './queries/find-refresh-tokens.js'
import { RefreshTokenPages } from './queries/refresh-token-pages.js'
import { RefreshTokensOverLimit } from './queries/refresh-tokens-over-limit.js'
import { RevokeNonRotatingRefreshTokensHandler } from './commands/revoke-non-rotating-refresh-tokens.js'
import { LoginMarks } from './queries/login-marks.js'
import { NonRotatingRefreshTokens } from './queries/non-rotating-refresh-tokens.js'
import { OrganizationDeletedReactor } from './organization-deleted.reactor.js'
import { RotationSwitchedReactor } from './rotation-switched.reactor.js'
import { SessionRevokedReactor } from './session-revoked.reactor.js'
import { UserDeletedReactor } from './user-deleted.reactor.js'
import { CodeRightsFinder } from './code-rights.js'
import { ClientAuthenticationGuard } from './client-authentication.guard.js'
import { RedeemRefreshTokenHandler } from './commands/redeem-refresh-token.js'
import { RevokeOnlineTokenHandler } from './commands/revoke-online-token.js'
import { RevokePresentedTokenHandler } from './commands/revoke-presented-token.js'
import { RevokeReplayedRefreshTokenHandler } from './commands/revoke-replayed-refresh-token.js'
import { AuthorizationCodeGrantHandler } from './grants/authorization-code.js'
import { ClientCredentialsGrantHandler } from './grants/client-credentials.js'
import { PasswordGrantHandler } from './grants/password.js'
import { PasswordActions } from './post-login/password-actions.js'
import { PasswordTermsFinder } from './password-terms.js'
import { IssueFrontChannelTokensHandler } from './front-channel-tokens.js'
import { FirstRefreshToken } from './first-refresh-token.js'
import { ExchangeAccess } from './exchange-access.js'
import { ExchangeRightsFinder } from './exchange-rights.js'
import { ExchangeActions } from './post-login/exchange-actions.js'
import { OnlineRefreshTokenGrantHandler } from './grants/online-refresh-token.js'
import { RefreshTokenGrantHandler } from './grants/refresh-token.js'
import { IntrospectionController } from './introspection.controller.js'
import { FindFamilyOfTokenHandler } from './queries/find-family-of-token.js'
import { ReadAccessTokenHandler } from './queries/read-access-token.js'
import { RevocationController } from './revocation.controller.js'
import { PossessionCheck } from './presented-access-token.js'
import { TokenController } from './token.controller.js'
import { TokenSet } from './token-set.js'
import { TokenSigner } from './token-signer.js'
import { UserinfoController } from './userinfo.controller.js'

@Module({
  imports: [CqrsModule, AuthorizationModule],
  controllers: [TokenController, RevocationController, IntrospectionController, UserinfoController],
  providers: [
    RequestLimit,
    TokenSet,
    TokenSigner,
    PossessionCheck,
    AuthorizationCodeGrantHandler,
    CodeRightsFinder,
    IssueFrontChannelTokensHandler,
    RefreshTokenGrantHandler,
    OnlineRefreshTokenGrantHandler,
    RevokeOnlineTokenHandler,
    ExchangeAccess,
    ExchangeRightsFinder,
    ExchangeActions,
    ClientCredentialsGrantHandler,
    FirstRefreshToken,
    PasswordActions,
    PasswordGrantHandler,
    PasswordTermsFinder,
    ClientAuthenticationGuard,
    RevokePresentedTokenHandler,
    RevokeReplayedRefreshTokenHandler,
    ReadAccessTokenHandler,
    FindFamilyOfTokenHandler,
    RedeemRefreshTokenHandler,
    IssueRefreshTokenHandler,
    RevokeRefreshTokenHandler,
    RevokeRefreshTokensHandler,
    RevokeAccessHandler,
    RevokeSessionHandler,
    RevokeMatchingRefreshTokensHandler,
    EndListedTokens,
    OpenRevocations,
    WorkOffRevocationsHandler,
    FindRevocationHandler,
    FindRefreshTokenHistoryHandler,
    FindReuseHandler,
    EndGrantHandler,
    EndGrantOfFamilyHandler,
    EndGrantOfOnlineTokenHandler,
    EndGrantsOfUserHandler,
    SetRefreshTokenMetadataHandler,
    LimitActiveRefreshTokensHandler,
    FindRefreshTokenHandler,
    CountRefreshTokensHandler,
    FindDeviceCredentialsHandler,
    FindRefreshTokensHandler,
    LoginMarks,
    NonRotatingRefreshTokens,
    RevokeNonRotatingRefreshTokensHandler,
    RotationSwitchedReactor,
    RefreshTokensOverLimit,
    RefreshTokenPages,
    ActiveLimitReactor,
    ClientDeletedReactor,
    GrantEndedReactor,
    OrganizationDeletedReactor,
    UserDeletedReactor,
    SessionRevokedReactor,
  ],
  exports: [
    ActiveLimitReactor,
    ClientDeletedReactor,
    GrantEndedReactor,
    OrganizationDeletedReactor,
    RotationSwitchedReactor,
    SessionRevokedReactor,
    UserDeletedReactor,
  ],
})
export class TokensModule {}
