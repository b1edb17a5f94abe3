import { Module } from '@nestjs/common'
import { CqrsModule } from '@nestjs/cqrs'
import { RequestLimit } from '../audit/request-limit.js'
import { RateLimitsModule } from '../http/rate-limits.js'
import { UnbuiltController } from './unbuilt.controller.js'
import { UsedAssertions } from './client-authentication/used-assertions.js'
import { CheckDpopProofHandler } from './commands/check-dpop-proof.js'
import { AuthenticateClientHandler } from './commands/authenticate-client.js'
import { AuthorizeController } from './authorize.controller.js'
import { AuthorizeRequests } from './authorize-request.js'
import { ConsentsWithdrawnReactor } from './consents-withdrawn.reactor.js'
import { AdmitToOrganizationHandler } from './commands/admit-to-organization.js'
import { AnswerLoginHandler } from './commands/answer-login.js'
import { ContinueLoginHandler } from './commands/continue-login.js'
import { ForgetSuspendedLoginsHandler } from './commands/forget-suspended-logins.js'
import { SuspendLoginHandler } from './commands/suspend-login.js'
import { TakeSuspendedLoginHandler } from './commands/take-suspended-login.js'
import { ContinueController } from './continue.controller.js'
import { LoginAnswers } from './login-answers.js'
import { LoginEvents } from './post-login/login-event.js'
import { PostLoginEffects } from './post-login/post-login-effects.js'
import { SuspendedLogins } from './post-login/suspended-logins.js'
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
import { SettleConsentHandler } from './commands/settle-consent.js'
import { SignUpForClientHandler } from './commands/sign-up-for-client.js'
import { WithdrawConsentHandler } from './commands/withdraw-consent.js'
import { WithdrawConsentsOfHandler } from './commands/withdraw-consents-of.js'
import { LogoutMessages } from './back-channel-logout/logout-messages.js'
import { NoteLogoutMessagesHandler } from './commands/note-logout-messages.js'
import { SendLogoutMessagesHandler } from './commands/send-logout-messages.js'
import { SessionEndedReactor } from './session-ended.reactor.js'
import { LogOutHandler } from './commands/log-out.js'
import { JwksController } from './jwks.controller.js'
import { LoginController } from './login.controller.js'
import { LogoutController } from './logout/logout.controller.js'
import { SessionAnswers } from './session-answers.js'
import { IdTokenHints } from './id-token-hints.js'
import { LogoutRequests } from './logout/logout-request.js'
import { LoginPages } from './login-pages.js'
import { LoginForms } from './login-forms.js'
import { OrganizationChoices } from './organization-choices.js'
import { OrganizationController } from './organization.controller.js'
import { PageAnswers } from './page-answers.js'
import { DeleteClientHandler } from './commands/delete-client.js'
import { DeleteClientGrantHandler } from './commands/delete-client-grant.js'
import { DeleteClientGrantsOfHandler } from './commands/delete-client-grants-of.js'
import { DeleteResourceServerHandler } from './commands/delete-resource-server.js'
import { RecogniseByPasswordHandler } from './commands/recognise-by-password.js'
import { RedeemAuthorizationCodeHandler } from './commands/redeem-authorization-code.js'
import { ForgetUsedProofsHandler } from './commands/forget-used-proofs.js'
import { DpopNonces } from './dpop/nonces.js'
import { UsedProofs } from './dpop/used-proofs.js'
import { DiscoveryController } from './discovery.controller.js'
import { ConsentIds } from './queries/consent-ids.js'
import { FindClientHandler } from './queries/find-client.js'
import { FindClientGrantHandler } from './queries/find-client-grant.js'
import { FindClientGrantsHandler } from './queries/find-client-grants.js'
import { FindClientsHandler } from './queries/find-clients.js'
import { FindConsentsHandler } from './queries/find-consents.js'
import { FindResourceServerHandler } from './queries/find-resource-server.js'
import { FindResourceServersHandler } from './queries/find-resource-servers.js'
import { FindUserAccessHandler } from './queries/find-user-access.js'
import { FindSigningSecretHandler } from './queries/find-signing-secret.js'
import { IsCodeReplayedHandler } from './queries/is-code-replayed.js'
import { IsKnownOriginHandler } from './queries/is-known-origin.js'
import { PostLoginFacts } from './post-login/post-login-facts.js'
import { SettingsCache } from './queries/settings-cache.js'

@Module({
  // Counts in one place for the whole process, whatever else it serves.
  imports: [CqrsModule, RateLimitsModule],
  controllers: [
    AuthorizeController,
    LoginController,
    OrganizationController,
    ContinueController,
    LogoutController,
    DiscoveryController,
    JwksController,
    UnbuiltController,
  ],
  providers: [
    RequestLimit,
    LogOutHandler,
    LogoutRequests,
    IdTokenHints,
    SessionAnswers,
    LogoutMessages,
    NoteLogoutMessagesHandler,
    SendLogoutMessagesHandler,
    SessionEndedReactor,
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
    LoginForms,
    OrganizationChoices,
    AnswerFromSessionHandler,
    AdmitToOrganizationHandler,
    AnswerConsentHandler,
    LogInHandler,
    RecogniseByPasswordHandler,
    SignUpForClientHandler,
    SettleConsentHandler,
    WithdrawConsentHandler,
    WithdrawConsentsOfHandler,
    ConsentIds,
    FindConsentsHandler,
    ConsentsWithdrawnReactor,
    IssueAuthorizationCodeHandler,
    RedeemAuthorizationCodeHandler,
    FindClientHandler,
    FindClientGrantHandler,
    FindResourceServerHandler,
    FindClientsHandler,
    FindClientGrantsHandler,
    FindResourceServersHandler,
    FindSigningSecretHandler,
    FindUserAccessHandler,
    IsCodeReplayedHandler,
    IsKnownOriginHandler,
    AuthenticateClientHandler,
    UsedAssertions,
    CheckDpopProofHandler,
    ForgetUsedProofsHandler,
    DpopNonces,
    UsedProofs,
    SettingsCache,
    PostLoginFacts,
    PostLoginEffects,
    LoginEvents,
    LoginAnswers,
    SuspendedLogins,
    AnswerLoginHandler,
    ContinueLoginHandler,
    SuspendLoginHandler,
    TakeSuspendedLoginHandler,
    ForgetSuspendedLoginsHandler,
  ],
  exports: [ConsentsWithdrawnReactor, SessionEndedReactor, PostLoginFacts, PostLoginEffects],
})
export class AuthorizationModule {}
