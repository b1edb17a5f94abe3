import { type LogLevel, MAX_CONSOLE, type RunContext, type RunError, type RunEvent } from '../runner/frames.js'
import type { Command } from '../rules/commands.js'
import type { Sandbox } from '../sandbox/sandbox.js'
import type { BoundAction } from './bound-action.js'

/** The classes of `actions_execution_failed` (spec/actions.md §4.7). */
export type ErrorClass = 'action_error' | 'action_timeout' | 'platform_error'

export interface ConsoleLine {
  readonly at: string
  readonly level: LogLevel
  readonly text: string
}

/** One Action's part of an execution. */
export interface ActionRun {
  readonly action: BoundAction
  readonly startedAt: string
  readonly endedAt: string
  readonly commands: readonly Command[]
  readonly lines: readonly ConsoleLine[]
  readonly failure?: { readonly class: ErrorClass; readonly error: RunError }
}

const TIMED_OUT: RunError = { name: 'Error', message: 'The execution of an Action timed out.' }
const TOO_MUCH_MEMORY: RunError = { name: 'Error', message: 'The execution of an Action exceeded its memory limit.' }
export const UNAVAILABLE: RunError = { name: 'Error', message: 'The Actions runtime is unavailable.' }
/** A secret shorter than this is a common word (spec/actions.md §6.5). */
const MIN_REDACTED = 8

export interface Call {
  readonly entrypoint: string
  readonly event: RunEvent
  readonly context: RunContext
}

/** Runs one Action until the deadline on the steady clock. Never fails. Secrets do not leave it by its console or its errors. */
export async function runAction(sandbox: Sandbox, action: BoundAction, call: Call, deadline: number): Promise<ActionRun> {
  const redact = redactor(action.program.secrets)
  const lines: ConsoleLine[] = []
  let written = 0
  const onLog = (level: LogLevel, text: string): void => {
    const kept = redact(text).slice(0, MAX_CONSOLE - written)
    written += Math.max(1, kept.length)
    if (written <= MAX_CONSOLE) lines.push({ at: new Date().toISOString(), level, text: kept })
  }
  const startedAt = new Date().toISOString()
  const outcome = await sandbox.run(action.program, { ...call, onLog }, deadline)
  const run = { action, startedAt, endedAt: new Date().toISOString(), lines, commands: [] }
  switch (outcome.kind) {
    case 'done': {
      const { commands, error } = outcome.report
      return error ? { ...run, failure: { class: 'action_error', error: redacted(error, redact) } } : { ...run, commands }
    }
    case 'timeout':
      return { ...run, failure: { class: 'action_timeout', error: TIMED_OUT } }
    case 'memory':
      return { ...run, failure: { class: 'action_error', error: TOO_MUCH_MEMORY } }
    case 'unavailable':
      return { ...run, failure: { class: 'platform_error', error: UNAVAILABLE } }
  }
}

const redacted = ({ name, message, code, stack }: RunError, redact: (text: string) => string): RunError => ({
  name: redact(name),
  message: redact(message),
  ...(code !== undefined && { code: redact(code) }),
  ...(stack !== undefined && { stack: redact(stack) }),
})

export function redactor(secrets: Readonly<Record<string, string>>): (text: string) => string {
  // The longest first: of one that begins as another does, no rest may stay.
  const values = Object.values(secrets)
    .filter((value) => value.length >= MIN_REDACTED)
    .sort((a, b) => b.length - a.length)
  return (text) => values.reduce((redactedText, value) => redactedText.replaceAll(value, '*****'), text)
}
