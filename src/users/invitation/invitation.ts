import type { Decider, Decision } from '../../event-store/event.js'
import { type InvitationEnd, type InvitationEvent, type InvitationTerms, invitationUpcasters } from './invitation.events.js'

/** Whether it was accepted is decided with the person who does so, by its row (invitation-table.ts); the stream hears of it after. */
type InvitationState = { readonly status: 'absent' } | { readonly status: 'open'; readonly invitation: InvitationTerms } | { readonly status: 'ended' }

export const invitation: Decider<InvitationState, InvitationEvent> = {
  streamType: 'invitation',
  initial: { status: 'absent' },
  stateVersion: 1,
  upcasters: invitationUpcasters,
  evolve: (_state, { type, data }) => {
    switch (type) {
      case 'InvitationCreated':
        return { status: 'open', invitation: data.invitation }
      case 'InvitationEnded':
        return { status: 'ended' }
    }
  },
}

/** An id is used once. */
export function createInvitation(state: InvitationState, terms: InvitationTerms): Decision<InvitationEvent, 'created' | 'exists'> {
  if (state.status !== 'absent') return { events: [], result: 'exists' }
  return { events: [{ type: 'InvitationCreated', data: { invitation: terms } }], result: 'created' }
}

/** Ends once, for the first reason. */
export function endInvitation(state: InvitationState, reason: InvitationEnd): Decision<InvitationEvent, 'ended' | 'absent'> {
  if (state.status !== 'open') return { events: [], result: 'absent' }
  return { events: [{ type: 'InvitationEnded', data: { reason } }], result: 'ended' }
}

/** Whose key seals what is personal in an invitation. */
export const invitedPerson = (invitationId: string): string => `invitation-${invitationId}`
