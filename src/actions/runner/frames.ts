import type { CacheRecords } from '../rules/cache.js'
import type { Command } from '../rules/commands.js'
import type { Metadata } from '../rules/metadata.js'

/** From the service to a runner: a line of JSON each. `load` comes first and once. */
export type Order =
  | {
      readonly order: 'load'
      /** Precedes every line of the runner's, so that stray output is told apart. */
      readonly mark: string
      readonly code: string
      /** The bundled dependencies: a CommonJS text that exports a function for each name. */
      readonly bundle: string | undefined
      readonly secrets: Readonly<Record<string, string>>
      readonly trigger: string
      /** Whether it may reach anything outside. */
      readonly network: boolean
    }
  | { readonly order: 'run'; readonly id: number; readonly entrypoint: string | null; readonly event: RunEvent; readonly context: RunContext }
  | { readonly order: 'ping'; readonly id: number }

/** The event without what the runner itself adds: secrets, configuration, old names of places. */
export type RunEvent = Readonly<Record<string, unknown>>

/** What the api knows beside the event. */
export interface RunContext {
  /** Of the refresh token as it is and as it is to be, also where the event has none. */
  readonly refreshTokenMetadata: Metadata
  readonly cache: CacheRecords
  /** How many commands the chain has given already. */
  readonly commands: number
  /** The opaque value that a redirect came back with; only then is the transaction one that continues. */
  readonly state?: string
}

/** From a runner to the service. */
export type Report =
  | { readonly report: 'loaded' }
  | { readonly report: 'pong'; readonly id: number }
  /** The handler waits for something: others may be begun. */
  | { readonly report: 'waiting'; readonly id: number }
  | { readonly report: 'log'; readonly id: number; readonly level: LogLevel; readonly text: string }
  | {
      readonly report: 'done'
      readonly id: number
      readonly commands: readonly Command[]
      readonly error?: RunError
      readonly bootMs: number
      readonly runMs: number
    }

export type LogLevel = 'log' | 'info' | 'warn' | 'error' | 'debug' | 'trace'

/** What an Action threw. */
export interface RunError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

/** A longer line ends the runner. */
export const MAX_LINE = 1_048_576
/** Characters that are kept of the console of one execution of one Action. */
export const MAX_CONSOLE = 262_144
