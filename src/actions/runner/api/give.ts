import { type Command, MAX_COMMANDS } from '../../rules/commands.js'
import { isTooDeep } from '../../rules/nesting.js'
import type { Build } from './build.js'

/** Notes a command. Errors: Error for one too many. */
export function give({ commands, context, open }: Build, command: Command): void {
  if (!open) return
  if (context.commands + commands.length >= MAX_COMMANDS) throw new Error(`An execution cannot give more than ${MAX_COMMANDS} commands.`)
  commands.push(command)
}

/** A problem of one argument for each name; none for a good one (spec/actions.md §3, conventions). */
type Problems = Readonly<Record<string, readonly (string | false | undefined)[]>>

/** Throws the problems as the schema validator of the hosted runtime words them: those of one field joined by commas, fields by semicolons. */
export function refuse(problems: Problems): void {
  const texts = Object.entries(problems).flatMap(([field, list]) => {
    const found = list.filter((problem) => typeof problem === 'string')
    return found.length > 0 ? [`${field} ${found.join(', ')}`] : []
  })
  if (texts.length > 0) throw new Error(texts.join('; '))
}

export const textProblems = (value: unknown, max: number): (string | undefined)[] => [
  typeof value === 'string' ? (value.length > max ? `must NOT have more than ${max} characters` : undefined) : 'must be string',
]

/** As a template string would have it. */
export const asText = (value: unknown): string => `${value as string}`

/** A copy of a JSON value as it is now. Errors: Error with `message` for what is no JSON, or nested too deeply. */
export function snapshot(value: unknown, message: string): unknown {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    throw new Error(message, { cause })
  }
  const copy: unknown = text === undefined ? undefined : JSON.parse(text)
  if (copy === undefined || isTooDeep(copy)) throw new Error(message)
  return copy
}
