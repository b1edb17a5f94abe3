import { Logger, type OnModuleInit } from '@nestjs/common'
import type pg from 'pg'
import type { Config } from '../../config.js'
import type { BackgroundJobs } from '../background-jobs.js'
import { lostCheckpoint } from '../event-store.metrics.js'
import { CheckpointPublisher, LostCheckpointError } from './publish-checkpoints.js'

/** Publishes checkpoints every so often where the operator named a file or a URL for them (docs/audit.md). */
export class LogCheckpoints implements OnModuleInit {
  readonly #log = new Logger('log checkpoints')

  constructor(
    private readonly pool: pg.Pool,
    private readonly config: Config,
    private readonly jobs: BackgroundJobs,
  ) {}

  onModuleInit(): void {
    const { logCheckpointFile: file, logCheckpointUrl: url, logCheckpointAuthorization: authorization, logCheckpointEverySeconds } = this.config.settings
    if (file === undefined && url === undefined) return
    const publisher = new CheckpointPublisher(this.pool, this.config.issuer, { file, url, authorization })
    this.jobs.add({ name: 'log checkpoints', everyMs: logCheckpointEverySeconds * 1000, run: () => this.#run(publisher) })
  }

  /** A log that lost its tail stays so: it is said each time, loudly, and asked for again at the usual pace. */
  async #run(publisher: CheckpointPublisher): Promise<void> {
    try {
      await publisher.publish()
      lostCheckpoint.set(0)
    } catch (error) {
      if (!(error instanceof LostCheckpointError)) throw error
      lostCheckpoint.set(1)
      this.#log.error(error.message)
    }
  }
}
