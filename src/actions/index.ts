/**
 * Actions owns the operators' code: drafts, versions, secrets, what is bound to which trigger, and the sandbox in which it runs
 * (docs/adr/0007-actions.md). It changes no session, no token and no user: what Actions decide is an answer, and the flow that asked acts on it.
 *
 * A flow asks once, when every check of its own has passed and before anything is signed or appended; where AreActionsBound says that none is
 * bound it need not, and builds no event:
 *
 *     const outcome = await commands.execute(new RunPostLogin(event, cause))
 *
 * 'allowed': issue, with the outcome's claims, scopes and the refresh token's operations in the same append. 'denied': issue nothing, change no
 * refresh token, answer `error` and `description`. 'redirected': send the browser there; ContinuePostLogin when it is back. User metadata and the
 * session's part are applied in all three cases. `execution` belongs into the event and the log entry of whatever followed.
 */
export { ActionsModule } from './actions.module.js'
export { ActionBuildReactor } from './action-build.reactor.js'
export { action } from './action/action.js'
export { type ActionEvent, actionUpcasters } from './action/action.events.js'
export { BindActions, type BindOutcome } from './commands/bind-actions.js'
export { BuildAction } from './commands/build-action.js'
export { ChangeAction } from './commands/change-action.js'
export { CreateAction, type NewAction } from './commands/create-action.js'
export { DeleteAction } from './commands/delete-action.js'
export { DeployAction } from './commands/deploy-action.js'
export { ForgetExecutions } from './commands/forget-executions.js'
export { RunCredentialsExchange } from './commands/run-credentials-exchange.js'
export { ContinuePostLogin, RunPostLogin } from './commands/run-post-login.js'
export { TestAction } from './commands/test-action.js'
export type { CredentialsExchangeEvent } from './event/credentials-exchange-event.js'
export { eventClient, eventRequest } from './event/event-parts.js'
export type { GeoIp } from './event/places.js'
export type * from './event/post-login-event.js'
export type { LiveLine } from './executions/live-log.js'
export { AreActionsBound } from './queries/are-actions-bound.js'
export { FindActionExecution } from './queries/find-action-execution.js'
export { type FoundAction, FindActions, type FoundVersion } from './queries/find-actions.js'
export { FindActionVersions } from './queries/find-action-versions.js'
export { FindPlaces } from './queries/find-places.js'
export { FindTriggerBindings, type FoundBinding } from './queries/find-trigger-bindings.js'
export { WatchConsole } from './queries/watch-console.js'
export { MetadataError, type MetadataOperation, replayMetadata } from './rules/metadata.js'
export { type Cause, causeOf } from './run/cause.js'
export type { CredentialsExchangeOutcome } from './run/credentials-exchange-chain.js'
export type { Allowed, Denied, ExecutionFacts, IssuanceDecisions, PostLoginOutcome, Redirected, SideEffects, Suspended } from './run/outcome.js'
export { triggerBindings } from './trigger-bindings/trigger-bindings.js'
export { DEFAULT_RUNTIME, isTrigger, RUNTIMES, TRIGGERS } from './triggers.js'
