import type { PersonalData } from '../../event-store/event.js'
import { given } from '../../event-store/testing.js'
import { createInvitation, endInvitation, invitation } from './invitation.js'
import type { InvitationEvent, InvitationTerms } from './invitation.events.js'

const terms: InvitationTerms = {
  organizationId: 'org_1',
  clientId: 'app',
  roles: ['rol_1'],
  expiresAt: '2026-01-02T03:04:05.000Z',
  emailed: true,
  ticketHash: '00',
  details: 'sealed' as PersonalData,
}
const created: InvitationEvent = { type: 'InvitationCreated', data: { invitation: terms } }

describe('an invitation', () => {
  it('begins once and ends once, for the first reason, and leaves nothing of what it said in its state', () => {
    expect(given(invitation).when((state) => createInvitation(state, terms))).toEqual({ events: [created], result: 'created' })
    expect(given(invitation, created).when((state) => createInvitation(state, terms))).toEqual({ events: [], result: 'exists' })
    const { events } = given(invitation, created).when((state) => endInvitation(state, 'accepted'))
    expect(events).toEqual([{ type: 'InvitationEnded', data: { reason: 'accepted' } }])
    const ended = given(invitation, created, ...events)
    expect(ended.state).toEqual({ status: 'ended' })
    expect(ended.when((state) => endInvitation(state, 'deleted'))).toEqual({ events: [], result: 'absent' })
    expect(ended.when((state) => createInvitation(state, terms)).result).toBe('exists')
    expect(given(invitation).when((state) => endInvitation(state, 'expired')).result).toBe('absent')
  })
})
