import type { Program } from '../sandbox/runner-process.js'

/** An Action as it runs for a trigger. */
export interface BoundAction {
  readonly bindingId: string
  readonly actionId: string
  readonly name: string
  readonly versionId: string
  readonly number: number
  readonly program: Program
}
