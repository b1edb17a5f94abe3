import { isEmail } from 'class-validator'
import type { FoundInvitation } from '../../users/index.js'
import { AnyObject, Described, Flag, Int, Nested, Required, Text, Texts } from '../validation/rules.js'

const ID = { min: 1, max: 64 }
const MAX_TTL_SECONDS = 2_592_000
const MAX_ROLES = 50

/** Clients that leave the flag out expect an invitation, so one is made: none would work unmodified otherwise. */
const DELIVERY =
  'No mail is sent: deliver `invitation_url` yourself. `true`, the default, says that it goes to the invited address alone, so that who signs up with it has a verified address.'

class Inviter {
  @Required()
  @Text({ min: 1, max: 300 })
  readonly name!: string
}

class Invitee {
  @Required()
  @Text({ min: 1, max: 320, format: ['email', (text) => isEmail(text)] })
  readonly email!: string
}

/** The body of POST …/invitations. */
export class CreateInvitationBody {
  @Required()
  @Nested(() => Inviter)
  readonly inviter!: Inviter

  @Required()
  @Nested(() => Invitee)
  readonly invitee!: Invitee

  @Required()
  @Text(ID)
  readonly client_id!: string

  @Text(ID)
  readonly connection_id?: string

  @AnyObject()
  readonly app_metadata?: Readonly<Record<string, unknown>>

  @AnyObject()
  readonly user_metadata?: Readonly<Record<string, unknown>>

  @Int({ min: 0, max: MAX_TTL_SECONDS })
  @Described('Seven days where it is missing or 0.')
  readonly ttl_sec?: number

  @Texts({ max: MAX_ROLES, each: ID })
  readonly roles?: readonly string[]

  @Flag()
  @Described(DELIVERY)
  readonly send_invitation_email?: boolean
}

export function showInvitation({ id, terms, details, createdAt }: FoundInvitation): object {
  const { organizationId, clientId, connectionId, roles, expiresAt } = terms
  const { inviter, email, ticket, url, app_metadata, user_metadata } = details
  return {
    id,
    organization_id: organizationId,
    inviter: { name: inviter },
    invitee: { email },
    invitation_url: url,
    created_at: createdAt.toISOString(),
    expires_at: expiresAt,
    client_id: clientId,
    ...(connectionId !== undefined && { connection_id: connectionId }),
    ...(app_metadata && { app_metadata }),
    ...(user_metadata && { user_metadata }),
    ...(roles.length > 0 && { roles }),
    ticket_id: ticket,
  }
}
