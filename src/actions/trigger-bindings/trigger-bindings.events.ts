import type { Upcasters } from '../../event-store/event.js'

/** An Action in the list of a trigger. */
export interface Binding {
  readonly id: string
  readonly actionId: string
  readonly displayName: string
  readonly createdAt: string
}

/** The whole list, in the order in which they run. */
export type TriggerBindingsEvent = { readonly type: 'TriggerBindingsReplaced'; readonly data: { readonly bindings: readonly Binding[] } }

export const triggerBindingsUpcasters: Upcasters<TriggerBindingsEvent> = { TriggerBindingsReplaced: [] }
