import { parseArgs, type ParseArgsConfig } from 'node:util'

/** Exit codes of every command. */
export const FINE = 0
export const FOUND_WRONG = 1
export const CANNOT_RUN = 2

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  readonly help: string
  /** Answers the exit code. Errors: UsageError, or anything that kept it from running. */
  run(args: readonly string[]): Promise<number>
}

/** The command line was wrong. */
export class UsageError extends Error {}

/** Reads options strictly: whatever is not known is refused. Errors: UsageError. */
export function parseOptions<const T extends Pick<ParseArgsConfig, 'options' | 'allowPositionals'>>(args: readonly string[], config: T) {
  try {
    return parseArgs({ args: [...args], strict: true, ...config })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** Errors: UsageError. */
export function positiveNumber(option: string, value: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(value)) throw new UsageError(`--${option}: ${value} is not a position, for example --${option} 1000`)
  return Number(value)
}
