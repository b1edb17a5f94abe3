import type { Command } from '../rules/commands.js'
import { CommandError } from './apply-commands.js'
import type { ActionRun } from './run-action.js'

/** One execution on its way through the Actions of a trigger; the state is what they have asked for so far. */
export class Walk<S> {
  readonly startedAt = new Date()
  readonly runs: ActionRun[] = []
  failure: ActionRun['failure']

  constructor(public state: S) {}

  get last(): ActionRun | undefined {
    return this.runs.at(-1)
  }

  /** Where what the Action asked for cannot be, nothing of it counts. */
  take(run: ActionRun, applied: (before: S, commands: readonly Command[]) => S): void {
    this.runs.push(run)
    this.failure = run.failure
    if (run.failure) return
    try {
      this.state = applied(this.state, run.commands)
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      this.#replaceLast({ ...run, commands: [] }, error.message)
    }
  }

  /** What all of them have made together cannot be: that counts as the last one's failure. */
  blameLast(message: string): void {
    this.#replaceLast(this.last!, message)
  }

  #replaceLast(run: ActionRun, message: string): void {
    this.failure = { class: 'action_error', error: { name: 'Error', message } }
    this.runs[this.runs.length - 1] = { ...run, failure: this.failure }
  }
}
