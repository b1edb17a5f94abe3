import type { PersonalData, Upcasters } from '../../event-store/event.js'

/** An invitation to an organization (spec/management-api.md §2.11), as far as it may be read by anybody. */
export interface InvitationTerms {
  readonly organizationId: string
  /** The application that the invited person comes to. */
  readonly clientId: string
  /** The one connection that they may come through; any of the organization's where it is absent. */
  readonly connectionId?: string
  /** Ids of roles that they get in the organization. */
  readonly roles: readonly string[]
  /** ISO time. */
  readonly expiresAt: string
  /** The link goes to the invited address and nowhere else: whoever has it reads mail there. */
  readonly emailed: boolean
  /** SHA-256 of the ticket, in hex: at rest nobody finds a ticket. */
  readonly ticketHash: string
  /** `InvitationDetails`, sealed under a key of the invitation's own, which ends with it. */
  readonly details: PersonalData
}

/** Who invites whom, and the link. */
export interface InvitationDetails {
  readonly inviter: string
  /** In the spelling that addresses are compared in. */
  readonly email: string
  readonly ticket: string
  readonly url: string
  readonly app_metadata?: Readonly<Record<string, unknown>>
  readonly user_metadata?: Readonly<Record<string, unknown>>
}

/** Why an invitation can be accepted no more. */
export type InvitationEnd = 'accepted' | 'deleted' | 'expired' | 'organization-deleted'

export type InvitationEvent =
  | { readonly type: 'InvitationCreated'; readonly data: { readonly invitation: InvitationTerms } }
  | { readonly type: 'InvitationEnded'; readonly data: { readonly reason: InvitationEnd } }

export const invitationUpcasters: Upcasters<InvitationEvent> = { InvitationCreated: [], InvitationEnded: [] }
