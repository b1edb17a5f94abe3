import type { PostLoginEvent } from '../event/post-login-event.js'
import { applyCommands, CommandError, type Ending } from './apply-commands.js'
import type { BoundAction } from './bound-action.js'
import type { Cause } from './cause.js'
import type { ExecutionFacts, Suspended } from './outcome.js'
import type { Pending } from './pending.js'
import { executed } from './decisions.js'
import { flowOf } from './post-login-run.js'
import type { ActionRun, ErrorClass } from './run-action.js'

export interface ChainRequest {
  readonly event: PostLoginEvent
  readonly cause: Cause
  /** In the order of execution; undefined when the one to go on with is not there any more. */
  readonly actions: readonly BoundAction[] | undefined
  readonly execution: string
  /** On the steady clock. */
  readonly deadline: number
  readonly continued?: { readonly suspended: Suspended; readonly state: string }
}

/** The state of one execution on its way through the Actions. */
export class Walk {
  readonly startedAt = new Date()
  readonly runs: ActionRun[] = []
  pending: Pending
  ending: Ending | undefined
  failure: { readonly class: ErrorClass; readonly message: string } | undefined

  constructor(
    readonly request: ChainRequest,
    before: Pending,
  ) {
    this.pending = before
  }

  get over(): boolean {
    return this.failure !== undefined || this.ending !== undefined
  }

  get last(): ActionRun | undefined {
    return this.runs.at(-1)
  }

  /** Whether the next Action is the one that had sent the browser away. */
  get continues(): boolean {
    return this.runs.length === 0 && this.request.continued !== undefined
  }

  take(run: ActionRun): void {
    if (run.failure) return this.fail(run, run.failure.class, run.failure.error.message)
    try {
      const { pending, ending } = applyCommands(this.pending, run.commands, flowOf(this.request.event, this.continues))
      this.runs.push(run)
      this.pending = pending
      this.ending = ending
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      const failure = { class: 'action_error' as const, error: { name: 'Error', message: error.message } }
      this.fail({ ...run, commands: [], failure }, failure.class, error.message)
    }
  }

  /** What all of them have made together cannot be: that counts as the last one's failure. */
  blameLast(message: string): void {
    const failure = { class: 'action_error' as const, error: { name: 'Error', message } }
    this.fail({ ...this.runs.pop()!, failure }, failure.class, message)
  }

  fail(run: ActionRun | undefined, errorClass: ErrorClass, message: string): void {
    if (run) this.runs.push(run)
    this.failure = { class: errorClass, message }
  }

  facts(): ExecutionFacts {
    const own = this.runs.map(executed)
    return { id: this.request.execution, actions: [...(this.request.continued?.suspended.actions ?? []), ...own] }
  }
}
