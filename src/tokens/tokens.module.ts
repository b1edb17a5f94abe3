import { Module } from '@nestjs/common'
import { CqrsModule } from '@nestjs/cqrs'
import { ActiveLimitReactor } from './active-limit.reactor.js'
import { IssueRefreshTokenHandler } from './commands/issue-refresh-token.js'
import { LimitActiveRefreshTokensHandler } from './commands/limit-active-refresh-tokens.js'
import { RevokeRefreshTokenHandler } from './commands/revoke-refresh-token.js'
import { SetRefreshTokenMetadataHandler } from './commands/set-refresh-token-metadata.js'
import { RedeemRefreshTokenHandler } from './grants/refresh-token.js'
import { FindRefreshTokensHandler } from './queries/find-refresh-tokens.js'
import { RefreshTokensOverLimit } from './queries/refresh-tokens-over-limit.js'

@Module({
  imports: [CqrsModule],
  providers: [
    RedeemRefreshTokenHandler,
    IssueRefreshTokenHandler,
    RevokeRefreshTokenHandler,
    SetRefreshTokenMetadataHandler,
    LimitActiveRefreshTokensHandler,
    FindRefreshTokensHandler,
    RefreshTokensOverLimit,
    ActiveLimitReactor,
  ],
  exports: [ActiveLimitReactor],
})
export class TokensModule {}
