import { at, given } from '../../event-store/testing.js'
import { action, changeAction, createAction, deleteAction, deployDraft, MAX_VERSIONS, noteBuild, restoreVersion } from './action.js'
import type { ActionDraft, ActionEvent } from './action.events.js'

const draft: ActionDraft = {
  name: 'A',
  trigger: { id: 'post-login', version: 'v3' },
  runtime: 'node22',
  code: 'hash-1',
  dependencies: [{ name: 'x', version: 'latest' }],
  allowedHosts: [],
}
const created: ActionEvent = { type: 'ActionCreated', data: { draft, secrets: ['S'] } }
const requested = (build: number, deploy = false): ActionEvent => ({ type: 'ActionBuildRequested', data: { build, deploy } })
const outcome = { bundle: 'bundle-1', dependencies: [{ name: 'x', version: '1.2.3' }], packages: [], warnings: [] }
const built = (build: number): ActionEvent => ({ type: 'ActionBuilt', data: { build, ...outcome } })
const NOW = new Date('2026-01-02T03:04:05Z')
const NOTHING = { set: [], removed: [] }

const deployed = (versionId: string, number: number): ActionEvent => ({
  type: 'ActionVersionDeployed',
  data: {
    versionId,
    number,
    restores: null,
    draft: true,
    content: {
      code: 'hash-1',
      bundle: 'bundle-1',
      dependencies: outcome.dependencies,
      allowedHosts: [],
      runtime: 'node22',
      secrets: [{ name: 'S', updatedAt: new Date(0).toISOString() }],
      builtAt: NOW.toISOString(),
    },
  },
})

describe('a draft', () => {
  it('is built when it is made and whenever it changes', () => {
    expect(given(action).when((state) => createAction(state, draft, ['S'], false)).events).toEqual([created, requested(1)])
    const { events } = given(action, created, requested(1), built(1)).when((state) => changeAction(state, { code: 'hash-2' }, NOTHING))
    expect(events).toEqual([{ type: 'ActionDraftChanged', data: { changes: { code: { from: 'hash-1', to: 'hash-2' } } } }, requested(2)])
  })

  it('is not built for a change of name, nor for none, unless it failed', () => {
    const ready = [created, requested(1), built(1), deployed('v1', 1)] as const
    const renamed = given(action, ...ready).when((state) => changeAction(state, { name: 'B' }, NOTHING))
    expect(renamed.events.map(({ type }) => type)).toEqual(['ActionDraftChanged'])
    expect(given(action, ...ready, ...renamed.events).state).toMatchObject({ allChangesDeployed: true, draft: { name: 'B' } })
    expect(given(action, ...ready).when((state) => changeAction(state, { name: 'A', code: 'hash-1' }, NOTHING)).events).toEqual([])
    const failed: ActionEvent = { type: 'ActionBuildFailed', data: { build: 1, problems: [{ id: 'x', msg: 'x' }] } }
    expect(given(action, created, requested(1), failed).when((state) => changeAction(state, {}, NOTHING)).events).toEqual([requested(2)])
  })

  it('gets the exact versions of its dependencies from its build, and no build of an older draft', () => {
    const { events } = given(action, created, requested(1)).when((state) => noteBuild(state, 1, outcome, 'v1', NOW))
    expect(events).toEqual([built(1)])
    expect(given(action, created, requested(1), ...events).state).toMatchObject({
      draft: { dependencies: outcome.dependencies },
      build: { status: 'built', bundle: 'bundle-1' },
    })
    expect(given(action, created, requested(1), requested(2)).when((state) => noteBuild(state, 1, outcome, 'v1', NOW)).events).toEqual([])
    expect(given(action, created, requested(1), built(1)).when((state) => noteBuild(state, 1, outcome, 'v1', NOW)).events).toEqual([])
  })

  it('that should be deployed once built is, in the same breath', () => {
    const { events } = given(action, created, requested(1, true)).when((state) => noteBuild(state, 1, outcome, 'v1', NOW))
    expect(events.map(({ type }) => type)).toEqual(['ActionBuilt', 'ActionVersionDeployed'])
    expect(given(action, created, requested(1, true), ...events).state).toMatchObject({ deployed: 'v1', allChangesDeployed: true })
  })

  it('says which secrets changed, and when', () => {
    const { events } = given(action, created, requested(1)).when((state) => changeAction(state, {}, { set: ['T'], removed: ['S'] }))
    expect(events[0]).toEqual({ type: 'ActionSecretsChanged', data: { set: ['T'], removed: ['S'] } })
    expect(given(action, created, at(NOW, events[0]!)).state).toMatchObject({ secrets: [{ name: 'T', updatedAt: NOW.toISOString() }] })
  })
})

describe('a version', () => {
  it('is made of a built draft alone', () => {
    expect(given(action, created, requested(1)).when((state) => deployDraft(state, 'v1'))).toEqual({ events: [], result: { kind: 'not built' } })
    expect(given(action).when((state) => deployDraft(state, 'v1'))).toEqual({ events: [], result: { kind: 'absent' } })
    const { events, result } = given(action, created, requested(1), at(NOW, built(1))).when((state) => deployDraft(state, 'v1'))
    expect({ events, result }).toEqual({ events: [deployed('v1', 1)], result: { kind: 'deployed', versionId: 'v1' } })
  })

  it('that runs already is begun anew, and is no further version', () => {
    const ready = [created, requested(1), at(NOW, built(1)), deployed('v1', 1)] as const
    expect(given(action, ...ready).when((state) => deployDraft(state, 'v2'))).toEqual({
      events: [{ type: 'ActionRedeployed', data: { versionId: 'v1' } }],
      result: { kind: 'deployed', versionId: 'v1' },
    })
  })

  it('can be made to run again, as a new one, with or without the draft', () => {
    const history = [created, requested(1), at(NOW, built(1)), deployed('v1', 1), deployed('v2', 2)] as const
    const restored = given(action, ...history).when((state) => restoreVersion(state, 'v1', 'v3', { updateDraft: false }))
    expect(restored.events).toMatchObject([{ data: { versionId: 'v3', number: 3, restores: 'v1', draft: false, content: { code: 'hash-1' } } }])
    expect(given(action, ...history, ...restored.events).state).toMatchObject({ deployed: 'v3', allChangesDeployed: false })
    expect(given(action, ...history).when((state) => restoreVersion(state, 'v9', 'v3', { updateDraft: false })).result).toEqual({ kind: 'absent' })
  })

  it('is one of fifty: the oldest that does not run goes', () => {
    const many = Array.from({ length: MAX_VERSIONS }, (_, n) => deployed(`v${n + 1}`, n + 1))
    const changed: ActionEvent = { type: 'ActionDraftChanged', data: { changes: { runtime: { from: 'node22', to: 'node24' } } } }
    const full = [created, requested(1), at(NOW, built(1)), ...many, changed] as const
    expect(
      given(action, ...full)
        .when((state) => deployDraft(state, 'next'))
        .events.at(-1),
    ).toEqual({ type: 'ActionVersionsPruned', data: { versionIds: ['v1'] } })
    const restored = given(action, ...full).when((state) => restoreVersion(state, 'v1', 'v1 again', { updateDraft: true })).events
    expect(given(action, ...full, ...restored).state).toMatchObject({ deployed: 'v1 again' })
    const fewer = [created, requested(1), at(NOW, built(1)), ...many.slice(1), changed] as const
    expect(given(action, ...fewer).when((state) => deployDraft(state, 'next')).events).toHaveLength(1)
  })
})

it('an Action that is gone is neither changed nor deleted again', () => {
  const gone: ActionEvent = { type: 'ActionDeleted', data: {} }
  expect(given(action, created, gone).when((state) => changeAction(state, { name: 'x' }, NOTHING))).toEqual({ events: [], result: 'absent' })
  expect(given(action, created, gone).when(deleteAction)).toEqual({ events: [], result: 'absent' })
  expect(given(action, created).when(deleteAction)).toEqual({ events: [gone], result: 'deleted' })
})
