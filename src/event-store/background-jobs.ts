import type { Job } from './background-worker.js'

/**
 * Jobs that modules bring along for the background process; whoever wants one done says so in its onModuleInit. Where another process does the
 * background's work nobody reads them.
 */
export class BackgroundJobs {
  readonly #jobs: Job[] = []

  add(job: Job): void {
    this.#jobs.push(job)
  }

  get all(): readonly Job[] {
    return this.#jobs
  }
}
