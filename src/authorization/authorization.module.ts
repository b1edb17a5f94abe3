import { Module } from '@nestjs/common'
import { CqrsModule } from '@nestjs/cqrs'
import { ChangeClientHandler } from './commands/change-client.js'
import { ChangeClientGrantHandler } from './commands/change-client-grant.js'
import { ChangeResourceServerHandler } from './commands/change-resource-server.js'
import { CreateClientHandler } from './commands/create-client.js'
import { CreateClientGrantHandler } from './commands/create-client-grant.js'
import { CreateResourceServerHandler } from './commands/create-resource-server.js'
import { FindClientHandler } from './queries/find-client.js'
import { FindClientGrantHandler } from './queries/find-client-grant.js'
import { FindResourceServerHandler } from './queries/find-resource-server.js'

@Module({
  imports: [CqrsModule],
  providers: [
    CreateClientHandler,
    ChangeClientHandler,
    CreateResourceServerHandler,
    ChangeResourceServerHandler,
    CreateClientGrantHandler,
    ChangeClientGrantHandler,
    FindClientHandler,
    FindClientGrantHandler,
    FindResourceServerHandler,
  ],
})
export class AuthorizationModule {}
