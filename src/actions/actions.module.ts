import { Module } from '@nestjs/common'
import { CqrsModule } from '@nestjs/cqrs'
import { ActionBuildReactor } from './action-build.reactor.js'
import { ActionRows } from './action/action-rows.js'
import { DraftBuilder } from './build/draft-builder.js'
import { BindActionsHandler } from './commands/bind-actions.js'
import { BuildActionHandler } from './commands/build-action.js'
import { ChangeActionHandler } from './commands/change-action.js'
import { CreateActionHandler } from './commands/create-action.js'
import { DeleteActionHandler } from './commands/delete-action.js'
import { DeployActionHandler } from './commands/deploy-action.js'
import { ForgetExecutionsHandler } from './commands/forget-executions.js'
import { RunCredentialsExchangeHandler } from './commands/run-credentials-exchange.js'
import { ContinuePostLoginHandler, RunPostLoginHandler } from './commands/run-post-login.js'
import { TestActionHandler } from './commands/test-action.js'
import { Places } from './event/places.js'
import { ExecutionLog } from './executions/execution-log.js'
import { Executions } from './executions/executions.js'
import { LiveLog } from './executions/live-log.js'
import { RecordExecution } from './executions/record-execution.js'
import { AreActionsBoundHandler } from './queries/are-actions-bound.js'
import { FindActionExecutionHandler } from './queries/find-action-execution.js'
import { FindActionsHandler } from './queries/find-actions.js'
import { FindActionVersionsHandler } from './queries/find-action-versions.js'
import { FindPlacesHandler } from './queries/find-places.js'
import { FindTriggerBindingsHandler } from './queries/find-trigger-bindings.js'
import { WatchConsoleHandler } from './queries/watch-console.js'
import { ActionCache } from './run/action-cache.js'
import { ActionsSandbox } from './run/actions-sandbox.js'
import { BoundChains } from './run/bound-chains.js'
import { Chain } from './run/chain.js'
import { CredentialsExchangeChain } from './run/credentials-exchange-chain.js'
import { PostLoginChain } from './run/post-login-chain.js'

@Module({
  imports: [CqrsModule],
  providers: [
    ActionRows,
    ActionsSandbox,
    BoundChains,
    ActionCache,
    Places,
    ExecutionLog,
    Executions,
    LiveLog,
    RecordExecution,
    Chain,
    PostLoginChain,
    CredentialsExchangeChain,
    DraftBuilder,
    ActionBuildReactor,
    CreateActionHandler,
    ChangeActionHandler,
    DeleteActionHandler,
    DeployActionHandler,
    BindActionsHandler,
    BuildActionHandler,
    TestActionHandler,
    ForgetExecutionsHandler,
    RunPostLoginHandler,
    ContinuePostLoginHandler,
    RunCredentialsExchangeHandler,
    FindActionsHandler,
    FindActionVersionsHandler,
    FindTriggerBindingsHandler,
    FindActionExecutionHandler,
    AreActionsBoundHandler,
    FindPlacesHandler,
    WatchConsoleHandler,
  ],
  exports: [ActionBuildReactor],
})
export class ActionsModule {}
