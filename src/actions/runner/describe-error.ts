import type { RunError } from './frames.js'

const MAX_MESSAGE = 4096
const MAX_STACK = 8192

/** What was thrown, whatever it is: an Action may throw anything, and its getters may throw again. */
export function describeError(thrown: unknown): RunError {
  const read = (member: string): string | undefined => {
    try {
      const value = (thrown as Record<string, unknown>)[member]
      return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
    } catch {
      return undefined
    }
  }
  if (typeof thrown !== 'object' || thrown === null) return { name: 'Error', message: asText(thrown).slice(0, MAX_MESSAGE) }
  const [code, stack] = [read('code'), read('stack')]
  return {
    name: (read('name') ?? 'Error').slice(0, 100),
    message: (read('message') ?? asText(thrown)).slice(0, MAX_MESSAGE),
    ...(code !== undefined && { code: code.slice(0, 100) }),
    ...(stack !== undefined && { stack: ownFrames(stack).slice(0, MAX_STACK) }),
  }
}

function asText(value: unknown): string {
  try {
    return String(value)
  } catch {
    return 'The Action threw a value that has no text.'
  }
}

/** Frames of the runner say nothing to whoever wrote the Action, and where this service lies is nobody's business. */
const ownFrames = (stack: string): string =>
  stack
    .split('\n')
    .filter((line) => !/^\s+at .*(?:file:|ext:|node:)/.test(line))
    .join('\n')
