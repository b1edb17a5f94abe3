import type { Decider, Decision } from '../../event-store/event.js'
import { type Binding, type TriggerBindingsEvent, triggerBindingsUpcasters } from './trigger-bindings.events.js'

/** What is bound to one trigger: the stream's id is the trigger's. */
export interface TriggerBindings {
  readonly bindings: readonly Binding[]
}

/** spec/actions.md §6.3: of one trigger. */
export const MAX_BINDINGS = 20

export const triggerBindings: Decider<TriggerBindings, TriggerBindingsEvent> = {
  streamType: 'trigger_bindings',
  initial: { bindings: [] },
  stateVersion: 1,
  upcasters: triggerBindingsUpcasters,
  evolve: (_, { data }) => ({ bindings: data.bindings }),
}

/** An Action that is wanted; its binding keeps its id. */
interface WantedBinding {
  readonly actionId: string
  readonly displayName: string
  /** For one that is not bound yet. */
  readonly newId: string
}

export function replaceBindings({ bindings }: TriggerBindings, wanted: readonly WantedBinding[], now: Date): Decision<TriggerBindingsEvent, void> {
  const replaced = wanted.map(({ actionId, displayName, newId }) => {
    const known = bindings.find((binding) => binding.actionId === actionId)
    return { id: known?.id ?? newId, actionId, displayName, createdAt: known?.createdAt ?? now.toISOString() }
  })
  return { events: same(bindings, replaced) ? [] : [{ type: 'TriggerBindingsReplaced', data: { bindings: replaced } }], result: undefined }
}

export function removeAction({ bindings }: TriggerBindings, actionId: string): Decision<TriggerBindingsEvent, void> {
  const left = bindings.filter((binding) => binding.actionId !== actionId)
  return { events: left.length < bindings.length ? [{ type: 'TriggerBindingsReplaced', data: { bindings: left } }] : [], result: undefined }
}

const same = (before: readonly Binding[], after: readonly Binding[]): boolean =>
  before.length === after.length && before.every(({ id, displayName }, n) => id === after[n]!.id && displayName === after[n]!.displayName)
