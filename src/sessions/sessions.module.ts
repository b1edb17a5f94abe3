import { Module } from '@nestjs/common'
import { CqrsModule } from '@nestjs/cqrs'
import { EndSessionHandler } from './commands/end-session.js'
import { ReauthenticateSessionHandler } from './commands/reauthenticate-session.js'
import { StartSessionHandler } from './commands/start-session.js'
import { TouchSessionHandler } from './commands/touch-session.js'
import { FindSessionByIdHandler } from './queries/find-session-by-id.js'
import { FindSessionHandler } from './queries/find-session.js'

@Module({
  imports: [CqrsModule],
  providers: [StartSessionHandler, ReauthenticateSessionHandler, TouchSessionHandler, EndSessionHandler, FindSessionHandler, FindSessionByIdHandler],
})
export class SessionsModule {}
