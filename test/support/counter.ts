import type { Decider } from '../../src/event-store/event.js'

/** The smallest aggregate: counts, and remembers who added. */
export type CounterEvent = { readonly type: 'Added'; readonly data: { readonly by: string } } | { readonly type: 'Cleared'; readonly data: object }

export interface Counter {
  readonly count: number
  readonly last: string | null
}

/** What it leaves out others add to it. */
export const counter: Omit<Decider<Counter, CounterEvent>, 'seen' | 'guard'> = {
  streamType: 'counter',
  initial: { count: 0, last: null },
  stateVersion: 1,
  upcasters: { Added: [], Cleared: [] },
  evolve: (state, event) => (event.type === 'Added' ? { count: state.count + 1, last: event.data.by } : { count: 0, last: null }),
}

export const added = (by: string): CounterEvent => ({ type: 'Added', data: { by } })

export const add = (by: string) => (state: Counter) => ({ events: [added(by)], result: state.count + 1 })
