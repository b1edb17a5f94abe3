import type { Decider, Decision } from '../../event-store/event.js'
import { applyDifference, type Changes, difference } from '../../event-store/difference.js'
import {
  type ActionDraft,
  type ActionEvent,
  actionUpcasters,
  type BuildProblem,
  type Dependency,
  type Package,
  type SecretName,
  type VersionContent,
} from './action.events.js'

export type ActionState = { readonly status: 'absent' } | { readonly status: 'deleted' } | PresentAction

export interface PresentAction {
  readonly status: 'present'
  readonly draft: ActionDraft
  readonly secrets: readonly SecretName[]
  readonly build: Build
  readonly versions: readonly Version[]
  /** Id of the version that runs; null before the first. */
  readonly deployed: string | null
  /** Whether the draft is what runs. */
  readonly allChangesDeployed: boolean
  /** How often the version that runs was begun anew. */
  readonly redeployed: number
}

export interface Build {
  /** Grows with each change: what was built for an older one is not the draft. */
  readonly number: number
  readonly status: 'pending' | 'built' | 'failed'
  readonly deploy: boolean
  readonly bundle: string | null
  readonly builtAt: string | null
  readonly problems: readonly BuildProblem[]
  readonly warnings: readonly string[]
}

export interface Version extends VersionContent {
  readonly id: string
  readonly number: number
}

/** spec/actions.md §6.3: of one Action; those unused for longest go first. */
export const MAX_VERSIONS = 50

export const action: Decider<ActionState, ActionEvent> = {
  streamType: 'action',
  initial: { status: 'absent' },
  stateVersion: 1,
  upcasters: actionUpcasters,
  evolve: (state, { type, data }, { at }) => {
    if (type === 'ActionCreated') return created(data.draft, data.secrets, at)
    if (type === 'ActionDeleted') return { status: 'deleted' }
    if (state.status !== 'present') return state
    switch (type) {
      case 'ActionDraftChanged':
        return { ...state, draft: applyDifference(state.draft, data.changes), allChangesDeployed: state.allChangesDeployed && isNameOnly(data.changes) }
      case 'ActionSecretsChanged': {
        const gone = new Set([...data.set, ...data.removed])
        const kept = state.secrets.filter(({ name }) => !gone.has(name))
        return { ...state, secrets: [...kept, ...data.set.map((name) => ({ name, updatedAt: at }))], allChangesDeployed: false }
      }
      case 'ActionBuildRequested':
        return { ...state, build: { ...PENDING, number: data.build, deploy: data.deploy } }
      case 'ActionBuilt': {
        const { dependencies, bundle, warnings } = data
        return { ...state, draft: { ...state.draft, dependencies }, build: { ...state.build, status: 'built', bundle, warnings, builtAt: at } }
      }
      case 'ActionBuildFailed':
        return { ...state, build: { ...state.build, status: 'failed', problems: data.problems } }
      case 'ActionVersionDeployed':
        return deployed(state, data)
      case 'ActionRedeployed':
        return { ...state, redeployed: state.redeployed + 1 }
      case 'ActionVersionsPruned':
        return { ...state, versions: state.versions.filter(({ id }) => !data.versionIds.includes(id)) }
    }
  },
}

export function createAction(state: ActionState, draft: ActionDraft, secrets: readonly string[], deploy: boolean): Decision<ActionEvent, void> {
  if (state.status !== 'absent') throw new Error('two Actions with the same random id')
  return {
    events: [
      { type: 'ActionCreated', data: { draft, secrets } },
      { type: 'ActionBuildRequested', data: { build: 1, deploy } },
    ],
    result: undefined,
  }
}

interface SecretChanges {
  readonly set: readonly string[]
  readonly removed: readonly string[]
}

/** Changes the draft alone; what runs goes on. What can be seen in a version is built anew. */
export function changeAction(state: ActionState, wanted: Changes<ActionDraft>, secrets: SecretChanges): Decision<ActionEvent, 'changed' | 'absent'> {
  if (state.status !== 'present') return { events: [], result: 'absent' }
  const changes = difference<ActionDraft>(state.draft, wanted)
  const events: ActionEvent[] = []
  if (changes) events.push({ type: 'ActionDraftChanged', data: { changes } })
  if (secrets.set.length + secrets.removed.length > 0) events.push({ type: 'ActionSecretsChanged', data: secrets })
  // One that failed may be tried again with nothing changed: the registry may have been out of reach.
  const content = events.length > (changes && isNameOnly(changes) ? 1 : 0)
  if (content || state.build.status === 'failed') {
    events.push({ type: 'ActionBuildRequested', data: { build: state.build.number + 1, deploy: false } })
  }
  return { events, result: 'changed' }
}

interface BuiltDraft {
  readonly bundle: string | null
  readonly dependencies: readonly Dependency[]
  readonly packages: readonly Package[]
  readonly warnings: readonly string[]
}

/** What was built for a draft that has changed since is for nobody. */
export function noteBuild(
  state: ActionState,
  build: number,
  outcome: BuiltDraft | { readonly problems: readonly BuildProblem[] },
  versionId: string,
  now: Date,
): Decision<ActionEvent, void> {
  if (state.status !== 'present' || state.build.number !== build || state.build.status !== 'pending') return { events: [], result: undefined }
  if ('problems' in outcome) return { events: [{ type: 'ActionBuildFailed', data: { build, problems: outcome.problems } }], result: undefined }
  const built: ActionEvent = { type: 'ActionBuilt', data: { build, ...outcome } }
  if (!state.build.deploy) return { events: [built], result: undefined }
  const after = action.evolve(state, built, { at: now.toISOString() })
  return { events: [built, ...deployDraft(after, versionId).events], result: undefined }
}

export type DeployOutcome = { readonly kind: 'deployed'; readonly versionId: string } | { readonly kind: 'not built' | 'absent' }

/** Makes the draft the version that runs. One that runs already makes no further version of the same: deploy tools ask at every import. */
export function deployDraft(state: ActionState, versionId: string): Decision<ActionEvent, DeployOutcome> {
  if (state.status !== 'present') return { events: [], result: { kind: 'absent' } }
  const { draft, build, secrets } = state
  if (build.status !== 'built') return { events: [], result: { kind: 'not built' } }
  if (state.allChangesDeployed && state.deployed !== null) {
    return { events: [{ type: 'ActionRedeployed', data: { versionId: state.deployed } }], result: { kind: 'deployed', versionId: state.deployed } }
  }
  const { code, dependencies, allowedHosts, runtime } = draft
  const content = { code, bundle: build.bundle, dependencies, allowedHosts, runtime, secrets, builtAt: build.builtAt! }
  return deploy(state, { versionId, content, restores: null, draft: true })
}

/** Makes a former version run again, as a new one. */
export function restoreVersion(
  state: ActionState,
  restored: string,
  versionId: string,
  { updateDraft }: { readonly updateDraft: boolean },
): Decision<ActionEvent, DeployOutcome> {
  const found = state.status === 'present' ? state.versions.find(({ id }) => id === restored) : undefined
  if (state.status !== 'present' || !found) return { events: [], result: { kind: 'absent' } }
  const { id, number: _, ...content } = found
  return deploy(state, { versionId, content, restores: id, draft: updateDraft })
}

export function deleteAction(state: ActionState): Decision<ActionEvent, 'deleted' | 'absent'> {
  return state.status === 'present' ? { events: [{ type: 'ActionDeleted', data: {} }], result: 'deleted' } : { events: [], result: 'absent' }
}

/** The name is not of what runs. */
const isNameOnly = (changes: object): boolean => Object.keys(changes).every((member) => member === 'name')

const PENDING: Omit<Build, 'number' | 'deploy'> = { status: 'pending', bundle: null, builtAt: null, problems: [], warnings: [] }

const created = (draft: ActionDraft, secrets: readonly string[], at: string): PresentAction => ({
  status: 'present',
  draft,
  secrets: secrets.map((name) => ({ name, updatedAt: at })),
  build: { ...PENDING, number: 0, deploy: false },
  versions: [],
  deployed: null,
  allChangesDeployed: false,
  redeployed: 0,
})

type Deployed = Extract<ActionEvent, { type: 'ActionVersionDeployed' }>['data']

function deploy(state: PresentAction, fresh: Omit<Deployed, 'number'>): Decision<ActionEvent, DeployOutcome> {
  const number = Math.max(0, ...state.versions.map((version) => version.number)) + 1
  const old = [...state.versions].filter(({ id }) => id !== state.deployed).sort((a, b) => a.number - b.number)
  const pruned = old.slice(0, Math.max(0, state.versions.length + 1 - MAX_VERSIONS)).map(({ id }) => id)
  const events: ActionEvent[] = [{ type: 'ActionVersionDeployed', data: { ...fresh, number } }]
  if (pruned.length > 0) events.push({ type: 'ActionVersionsPruned', data: { versionIds: pruned } })
  return { events, result: { kind: 'deployed', versionId: fresh.versionId } }
}

function deployed(state: PresentAction, { versionId, number, content, draft }: Deployed): PresentAction {
  const after = {
    ...state,
    versions: [...state.versions, { id: versionId, number, ...content }],
    deployed: versionId,
    allChangesDeployed: draft,
    redeployed: 0,
  }
  if (!draft) return after
  const { code, dependencies, allowedHosts, runtime, bundle, secrets, builtAt } = content
  return {
    ...after,
    draft: { ...state.draft, code, dependencies, allowedHosts, runtime },
    secrets,
    build: { ...state.build, status: 'built', bundle, builtAt, problems: [] },
  }
}
