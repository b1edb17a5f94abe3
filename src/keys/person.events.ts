import type { Decider, Upcasters } from '../event-store/event.js'

/** The stream is named after the person's key, not the person: after an erasure the log says that somebody was erased, not who. */
export type PersonEvent = { readonly type: 'PersonErased'; readonly data: { readonly keyId: string } }

export const personUpcasters: Upcasters<PersonEvent> = { PersonErased: [] }

type PersonState = { readonly status: 'known' } | { readonly status: 'erased' }

export const person: Decider<PersonState, PersonEvent> = {
  streamType: 'person',
  initial: { status: 'known' },
  stateVersion: 1,
  upcasters: personUpcasters,
  evolve: (_state, { type }) => {
    switch (type) {
      case 'PersonErased':
        return { status: 'erased' }
    }
  },
}
