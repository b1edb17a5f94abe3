import { Module } from '@nestjs/common'
import { CqrsModule } from '@nestjs/cqrs'
import { ApplyToSessionHandler } from './commands/apply-to-session.js'
import { EndOverdueSessionsHandler } from './commands/end-overdue-sessions.js'
import { EndSessionHandler } from './commands/end-session.js'
import { EndSessionsOfUserHandler } from './commands/end-sessions-of-user.js'
import { GrantOnlineAccessHandler } from './commands/grant-online-access.js'
import { ReauthenticateSessionHandler } from './commands/reauthenticate-session.js'
import { RedeemOnlineTokenHandler } from './commands/redeem-online-token.js'
import { SetSessionMetadataHandler } from './commands/set-session-metadata.js'
import { StartSessionHandler } from './commands/start-session.js'
import { TouchSessionHandler } from './commands/touch-session.js'
import { WithdrawOnlineAccessHandler } from './commands/withdraw-online-access.js'
import { LoginsEndedReactor } from './logins-ended.reactor.js'
import { FindOnlineTokenHandler } from './queries/find-online-token.js'
import { FindRevokedOnlineTokenHandler } from './queries/find-revoked-online-token.js'
import { FindSessionByIdHandler } from './queries/find-session-by-id.js'
import { FindSessionStateHandler } from './queries/find-session-state.js'
import { FindSessionHandler } from './queries/find-session.js'
import { FindSessionsHandler } from './queries/find-sessions.js'
import { OverdueSessions } from './queries/overdue-sessions.js'

@Module({
  imports: [CqrsModule],
  providers: [
    ApplyToSessionHandler,
    StartSessionHandler,
    ReauthenticateSessionHandler,
    TouchSessionHandler,
    WithdrawOnlineAccessHandler,
    SetSessionMetadataHandler,
    GrantOnlineAccessHandler,
    RedeemOnlineTokenHandler,
    FindOnlineTokenHandler,
    EndSessionHandler,
    EndSessionsOfUserHandler,
    EndOverdueSessionsHandler,
    FindSessionHandler,
    FindRevokedOnlineTokenHandler,
    FindSessionByIdHandler,
    FindSessionStateHandler,
    FindSessionsHandler,
    OverdueSessions,
    LoginsEndedReactor,
  ],
  exports: [LoginsEndedReactor],
})
export class SessionsModule {}
