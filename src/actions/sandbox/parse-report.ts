import { MAX_CONSOLE, type LogLevel, type Report, type RunError } from '../runner/frames.js'
import type { Command } from '../rules/commands.js'

const LEVELS: readonly string[] = ['log', 'info', 'warn', 'error', 'debug', 'trace']

/**
 * A runner's line, if it has the form of one. Commands are looked at by whoever applies them (run/apply-commands.ts): here they are only a list of
 * objects. Members named `__proto__` are dropped on the way, so that no copy of them can become an object's prototype.
 */
export function parseReport(line: string): Report | undefined {
  let value: unknown
  try {
    value = JSON.parse(line, /proto__|\\u00/i.test(line) ? (name, member: unknown) => (name === '__proto__' ? undefined : member) : undefined)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { report, id, level, text, commands, error, bootMs, runMs } = value as Record<string, unknown>
  if (report === 'loaded') return { report }
  if (typeof id !== 'number') return undefined
  if (report === 'pong' || report === 'waiting') return { report, id }
  if (report === 'log' && typeof text === 'string' && LEVELS.includes(level as string))
    return { report, id, level: level as LogLevel, text: text.slice(0, MAX_CONSOLE) }
  if (report !== 'done' || !Array.isArray(commands) || !commands.every(isObject)) return undefined
  const thrown = isObject(error) ? { error: runError(error) } : {}
  return { report, id, commands: commands as unknown as Command[], ...thrown, bootMs: milliseconds(bootMs), runMs: milliseconds(runMs) }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

function runError({ name, message, code, stack }: Record<string, unknown>): RunError {
  const text = (value: unknown, max: number): string => (typeof value === 'string' ? value.slice(0, max) : '')
  return {
    name: text(name, 100) || 'Error',
    message: text(message, 4096),
    ...(typeof code === 'string' && { code: text(code, 100) }),
    ...(typeof stack === 'string' && { stack: text(stack, 8192) }),
  }
}

const milliseconds = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0)
