import { Inject, Injectable, Logger, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common'
import { CommandBus, CqrsModule } from '@nestjs/cqrs'
import pg from 'pg'
import { ActionBuildReactor, ActionsModule, ForgetExecutions } from './actions/index.js'
import {
  AuthorizationModule,
  ConsentsWithdrawnReactor,
  ForgetSuspendedLogins,
  ForgetUsedProofs,
  SendLogoutMessages,
  SessionEndedReactor,
} from './authorization/index.js'
import { BackgroundJobs } from './event-store/background-jobs.js'
import { BackgroundWorker } from './event-store/background-worker.js'
import { LogKey } from './keys/log-key.js'
import { personalValues } from './keys/personal-values.js'
import { RootKeys } from './keys/root-key.js'
import { projections } from './projections.js'
import { EndOverdueSessions, LoginsEndedReactor, SessionsModule } from './sessions/index.js'
import {
  ActiveLimitReactor,
  ClientDeletedReactor,
  GrantEndedReactor,
  OrganizationDeletedReactor,
  RotationSwitchedReactor,
  TokensModule,
  SessionRevokedReactor,
  UserDeletedReactor,
  WorkOffRevocations,
} from './tokens/index.js'
import { ConnectionDeletedReactor, EndOverdueInvitations, InvitationsReactor, UserErasureReactor, UsersModule } from './users/index.js'

/** Runs the sealer, the projections and the reactors in this process, while it holds the lease. */
@Injectable()
class Background implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #log = new Logger('background')
  #worker: BackgroundWorker | undefined

  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly rootKeys: RootKeys,
    private readonly activeLimit: ActiveLimitReactor,
    private readonly clientDeleted: ClientDeletedReactor,
    private readonly userDeleted: UserDeletedReactor,
    private readonly organizationDeleted: OrganizationDeletedReactor,
    private readonly sessionRevoked: SessionRevokedReactor,
    private readonly connectionDeleted: ConnectionDeletedReactor,
    private readonly userErasure: UserErasureReactor,
    private readonly invitations: InvitationsReactor,
    private readonly loginsEnded: LoginsEndedReactor,
    private readonly sessionEnded: SessionEndedReactor,
    private readonly rotationSwitched: RotationSwitchedReactor,
    private readonly grantEnded: GrantEndedReactor,
    private readonly consentsWithdrawn: ConsentsWithdrawnReactor,
    private readonly actionBuild: ActionBuildReactor,
    private readonly commands: CommandBus,
    private readonly jobs: BackgroundJobs,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const signer = await LogKey.load(this.pool, this.rootKeys)
    this.#worker = new BackgroundWorker(
      this.pool,
      signer,
      projections,
      [
        this.activeLimit,
        this.clientDeleted,
        this.userDeleted,
        this.organizationDeleted,
        this.sessionRevoked,
        this.connectionDeleted,
        this.userErasure,
        this.invitations,
        this.loginsEnded,
        this.sessionEnded,
        this.rotationSwitched,
        this.grantEnded,
        this.consentsWithdrawn,
        this.actionBuild,
      ],
      this.#log,
      personalValues(this.pool, this.rootKeys),
      [
        { name: 'logout messages', everyMs: 500, run: () => this.commands.execute(new SendLogoutMessages()) },
        { name: 'overdue sessions', everyMs: 1000, run: () => this.commands.execute(new EndOverdueSessions()) },
        { name: 'refresh token revocations', everyMs: 200, run: () => this.commands.execute(new WorkOffRevocations()) },
        { name: 'old executions', everyMs: 3_600_000, run: () => this.commands.execute(new ForgetExecutions()) },
        { name: 'used proofs', everyMs: 30_000, run: () => this.commands.execute(new ForgetUsedProofs()) },
        { name: 'suspended logins', everyMs: 60_000, run: () => this.commands.execute(new ForgetSuspendedLogins()) },
        { name: 'overdue invitations', everyMs: 60_000, run: () => this.commands.execute(new EndOverdueInvitations()) },
        ...this.jobs.all,
      ],
    )
    this.#worker.start()
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#worker?.stop()
  }
}

@Module({ imports: [CqrsModule, UsersModule, ActionsModule, SessionsModule, AuthorizationModule, TokensModule], providers: [Background] })
export class BackgroundModule {}
