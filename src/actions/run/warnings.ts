import { allowedClaims, type ClaimTarget } from '../rules/claims.js'
import type { Command } from '../rules/commands.js'

/** What an execution's record says of an Action's commands that came to nothing (spec/actions.md §0.2 G2, §7). */
export const warningsOf = (commands: readonly Command[], target: ClaimTarget): string[] =>
  commands.flatMap((command) => {
    if (command.type === 'unsupported') return [`api.${command.method} has no effect here.`]
    if (command.type === 'scope' && command.change === 'add' && target.audience === target.managementApi) {
      return [`The scope ${command.scope} cannot be added at the Management API and was left out.`]
    }
    if (command.type !== 'claim') return []
    const { dropped } = allowedClaims({ [command.key]: 1 }, command.token, target)
    return dropped.map((name) => `The claim ${name} is set by the service alone and was left out.`)
  })
