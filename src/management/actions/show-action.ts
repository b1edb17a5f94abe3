import type { FoundAction, FoundBinding, FoundVersion } from '../../actions/index.js'

/** An Action as it is answered (spec/actions.md §8.3). Of secrets there is no more than their names. */
export function showAction({ id, document, code, deployed, created_at, updated_at }: FoundAction): object {
  const { draft, build, secrets } = document
  const version = deployed && showVersion(deployed, { id, document, created_at, updated_at })
  return {
    ...briefly({ id, document, created_at, updated_at }),
    code,
    dependencies: draft.dependencies,
    runtime: draft.runtime,
    status: build.status,
    secrets: secrets.map(showSecret),
    ...(draft.allowedHosts.length > 0 && { allowed_hosts: draft.allowedHosts }),
    ...(build.builtAt !== null && { built_at: build.builtAt }),
    ...(build.problems.length > 0 && { errors: build.problems }),
    ...(build.warnings.length > 0 && { warnings: build.warnings }),
    ...(version && { deployed_version: version, current_version: { ...version, status: 'BUILT', build_time: deployed.document.builtAt } }),
  }
}

type ActionOfVersion = Pick<FoundAction, 'id' | 'document' | 'created_at' | 'updated_at'>

export function showVersion({ id, action_id, number, document, code, created_at, updated_at }: FoundVersion, action: ActionOfVersion): object {
  return {
    id,
    action_id,
    code,
    dependencies: document.dependencies,
    runtime: document.runtime,
    secrets: document.secrets.map(showSecret),
    ...(document.allowedHosts.length > 0 && { allowed_hosts: document.allowedHosts }),
    status: 'built',
    number,
    deployed: action.document.deployed === id,
    built_at: document.builtAt,
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString(),
    supported_triggers: [action.document.draft.trigger],
    action: briefly(action),
  }
}

export const showBinding = (triggerId: string, { id, display_name, action, created_at, updated_at }: FoundBinding): object => ({
  id,
  trigger_id: triggerId,
  display_name,
  action: briefly(action),
  created_at: created_at.toISOString(),
  updated_at: updated_at.toISOString(),
})

const briefly = ({ id, document, created_at, updated_at }: ActionOfVersion): object => ({
  id,
  name: document.draft.name,
  supported_triggers: [document.draft.trigger],
  created_at: created_at.toISOString(),
  updated_at: updated_at.toISOString(),
  all_changes_deployed: document.allChangesDeployed,
})

const showSecret = ({ name, updatedAt }: { readonly name: string; readonly updatedAt: string }): object => ({ name, updated_at: updatedAt })
