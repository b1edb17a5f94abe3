import type { Decider, Decision, Event, Metadata } from './event.js'

/**
 * For tests of decisions: `given(family, started, at('…', rotated)).when((state) => exchange(state, …))`.
 * Events without a time of their own happen at the epoch of 1970.
 */
export function given<S, E extends Event>(decider: Decider<S, E>, ...history: readonly (NoInfer<E> | Timed<NoInfer<E>>)[]): Given<S, E> {
  const state = history.reduce((folded: S, entry) => {
    const { event, metadata } = 'event' in entry ? entry : { event: entry, metadata: { at: new Date(0).toISOString() } }
    return decider.evolve(folded, event, metadata)
  }, decider.initial)
  return { state, when: (decide) => decide(state) }
}

/** An event at a time, with what else its metadata should say. */
export const at = <E extends Event>(time: Date, event: E, metadata: Omit<Metadata, 'at'> = {}): Timed<E> => ({
  event,
  metadata: { ...metadata, at: time.toISOString() },
})

interface Timed<E extends Event> {
  readonly event: E
  readonly metadata: Metadata
}

interface Given<S, E extends Event> {
  readonly state: S
  when<R>(decide: (state: S) => Decision<E, R>): Decision<E, R>
}
