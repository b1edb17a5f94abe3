import { type LogLevel, MAX_CONSOLE, type RunContext, type RunError, type RunEvent } from '../runner/frames.js'
import type { Command } from '../rules/commands.js'
import type { RunOutcome } from '../sandbox/program-pool.js'
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
  /** Hears the console as it is written, and at the end what was thrown. */
  readonly onLine: (line: ConsoleLine) => void
}

/** Runs one Action until the deadline on the steady clock. Never fails. Secrets do not leave it by its console or its errors. */
export async function runAction(sandbox: Sandbox, action: BoundAction, { onLine, ...call }: Call, deadline: number): Promise<ActionRun> {
  const redact = redactor(action.program.secrets)
  const lines: ConsoleLine[] = []
  let written = 0
  const onLog = (level: LogLevel, text: string): void => {
    const kept = redact(text).slice(0, MAX_CONSOLE - written)
    written += Math.max(1, kept.length)
    if (written > MAX_CONSOLE) return
    const line = { at: new Date().toISOString(), level, text: kept }
    lines.push(line)
    onLine(line)
  }
  const startedAt = new Date().toISOString()
  const outcome = await sandbox.run(action.program, { ...call, onLog }, deadline)
  const endedAt = new Date().toISOString()
  const failure = failureOf(outcome, redact)
  if (failure) onLine({ at: endedAt, level: 'error', text: failure.error.stack ?? failure.error.message })
  const commands = outcome.kind === 'done' && !failure ? outcome.report.commands : []
  return { action, startedAt, endedAt, lines, commands, ...(failure && { failure }) }
}

function failureOf(outcome: RunOutcome, redact: (text: string) => string): ActionRun['failure'] {
  switch (outcome.kind) {
    case 'done':
      return outcome.report.error && { class: 'action_error', error: redacted(outcome.report.error, redact) }
    case 'timeout':
      return { class: 'action_timeout', error: TIMED_OUT }
    case 'memory':
      return { class: 'action_error', error: TOO_MUCH_MEMORY }
    case 'unavailable':
      return { class: 'platform_error', error: UNAVAILABLE }
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
