import type { Command } from '../../rules/commands.js'
import type { ActionEvent } from '../event.js'
import type { RunContext } from '../frames.js'

/** What an `api` is made of for one call of one handler. */
export interface Build {
  readonly event: ActionEvent
  readonly context: RunContext
  /** Where the methods put what they were asked for. */
  readonly commands: Command[]
  /** False once the handler has settled: what is asked for then is asked too late. */
  open: boolean
}
