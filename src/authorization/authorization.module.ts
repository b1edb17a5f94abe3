import { Module } from '@nestjs/common'
import { CqrsModule } from '@nestjs/cqrs'
import { UsedAssertions } from './client-authentication/used-assertions.js'
import { AuthenticateClientHandler } from './commands/authenticate-client.js'
import { AuthorizeController } from './authorize.controller.js'
import { AuthorizeRequests } from './authorize-request.js'
import { AnswerConsentHandler } from './commands/answer-consent.js'
import { AnswerFromSessionHandler } from './commands/answer-from-session.js'
import { ChangeClientHandler } from './commands/change-client.js'
import { ChangeClientCredentialsHandler } from './commands/change-client-credentials.js'
import { ChangeClientGrantHandler } from './commands/change-client-grant.js'
import { ChangeResourceServerHandler } from './commands/change-resource-server.js'
import { CreateClientHandler } from './commands/create-client.js'
import { CreateClientGrantHandler } from './commands/create-client-grant.js'
import { CreateResourceServerHandler } from './commands/create-resource-server.js'
import { IssueAuthorizationCodeHandler } from './commands/issue-authorization-code.js'
import { LogInHandler } from './commands/log-in.js'
import { SignUpForClientHandler } from './commands/sign-up-for-client.js'
import { LoginController } from './login.controller.js'
import { LoginPages } from './login-pages.js'
import { PageAnswers } from './page-answers.js'
import { DeleteClientHandler } from './commands/delete-client.js'
import { DeleteClientGrantHandler } from './commands/delete-client-grant.js'
import { DeleteClientGrantsOfHandler } from './commands/delete-client-grants-of.js'
import { DeleteResourceServerHandler } from './commands/delete-resource-server.js'
import { RedeemAuthorizationCodeHandler } from './commands/redeem-authorization-code.js'
import { DiscoveryController } from './discovery.controller.js'
import { FindClientHandler } from './queries/find-client.js'
import { FindClientGrantHandler } from './queries/find-client-grant.js'
import { FindClientGrantsHandler } from './queries/find-client-grants.js'
import { FindClientsHandler } from './queries/find-clients.js'
import { FindResourceServerHandler } from './queries/find-resource-server.js'
import { FindResourceServersHandler } from './queries/find-resource-servers.js'
import { IsKnownOriginHandler } from './queries/is-known-origin.js'
import { SettingsCache } from './queries/settings-cache.js'

@Module({
  imports: [CqrsModule],
  controllers: [AuthorizeController, LoginController, DiscoveryController],
  providers: [
    CreateClientHandler,
    ChangeClientHandler,
    CreateResourceServerHandler,
    ChangeResourceServerHandler,
    CreateClientGrantHandler,
    ChangeClientGrantHandler,
    ChangeClientCredentialsHandler,
    DeleteClientHandler,
    DeleteClientGrantHandler,
    DeleteClientGrantsOfHandler,
    DeleteResourceServerHandler,
    AuthorizeRequests,
    PageAnswers,
    LoginPages,
    AnswerFromSessionHandler,
    AnswerConsentHandler,
    LogInHandler,
    SignUpForClientHandler,
    IssueAuthorizationCodeHandler,
    RedeemAuthorizationCodeHandler,
    FindClientHandler,
    FindClientGrantHandler,
    FindResourceServerHandler,
    FindClientsHandler,
    FindClientGrantsHandler,
    FindResourceServersHandler,
    IsKnownOriginHandler,
    AuthenticateClientHandler,
    UsedAssertions,
    SettingsCache,
  ],
})
export class AuthorizationModule {}
