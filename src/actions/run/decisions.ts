import type { ExecutionFacts } from '../../event-store/event.js'
import type { Command } from '../rules/commands.js'
import type { ActionRun } from './run-action.js'
import { describable, PLAIN } from './outcome.js'

const MAX_DECISIONS = 100
const MAX_NAME = 200
/** Stands for a name that the Action made up as it ran. */
const COMPUTED = '*'

/** An Action's part of an execution as events tell it: which code it was, and what it decided. */
export const executed = (run: ActionRun): ExecutionFacts['actions'][number] => ({
  action_id: run.action.actionId,
  version_id: run.action.versionId,
  number: run.action.number,
  decided: decisions(run),
})

/**
 * What an Action decided, by name and without values, for those who later ask which code changed what. It stands in clear in events and outlasts
 * the erasure of the person, so only names that are written in the Action's code are told: one that was computed may hold what the Action knows of
 * the person. Names are made fit to be stored.
 */
export function decisions({ action, commands }: Pick<ActionRun, 'action' | 'commands'>): string[] {
  const { code } = action.program
  const told = (name: unknown): string => (typeof name === 'string' && code.includes(name) ? storable(name) : COMPUTED)
  return [...new Set(commands.map((command) => decision(command, told)))].slice(0, MAX_DECISIONS)
}

function decision(command: Command, told: (name: unknown) => string): string {
  switch (command.type) {
    case 'claim':
      return `${command.token === 'accessToken' ? 'accessToken' : 'idToken'}.claim ${told(command.key)}`
    case 'scope':
      return `scope ${command.change === 'add' ? 'add' : 'remove'} ${told(command.scope)}`
    case 'refreshToken.metadata':
    case 'session.metadata': {
      // Where there is no session nobody has looked at it.
      const { op, key } = (command.operation as { op?: unknown; key?: unknown } | undefined) ?? {}
      return op === 'evict' ? `${command.type} evict` : `${command.type} ${op === 'delete' ? 'delete' : 'set'} ${told(key)}`
    }
    case 'user.metadata':
      return `${command.kind === 'app_metadata' ? 'app_metadata' : 'user_metadata'} ${told(command.key)}`
    default:
      return storable(command.type)
  }
}

function storable(text: string): string {
  const cut = describable(text).slice(0, MAX_NAME)
  return PLAIN.test(cut) ? cut : cut.replace(/\p{Surrogate}/gu, '')
}
