import type { QueryBus } from '@nestjs/cqrs'
import { FindInvitationByTicket, HasAccount, type ConnectionDocument, type LoginOrganization, type PresentedInvitation } from '../users/index.js'
import { NO_INVITATION, type Refuse } from './authorize-checks.js'
import type { ClientDocument } from './client/client.events.js'
import { isSignUpOpen } from './sign-up-open.js'

/** Of such letters tickets are made; what cannot be one need not be looked for. */
const TICKET = /^[A-Za-z0-9]{32}$/

/**
 * The invitation that a request brings to its organization. One that was used up is refused where a login begins with it; `goesOn`: a later step
 * of a login must be able to end, and whoever admits the person looks who has used it. Errors: what `refuse` throws; the database's.
 */
export async function presentedInvitation(
  queries: QueryBus,
  {
    ticket,
    organization,
    client,
    goesOn,
  }: {
    readonly ticket: string | undefined
    readonly organization: LoginOrganization | undefined
    readonly client: ClientDocument
    readonly goesOn: boolean
  },
  refuse: Refuse,
): Promise<PresentedInvitation | undefined> {
  if (ticket === undefined) return undefined
  const found = TICKET.test(ticket) ? await queries.execute(new FindInvitationByTicket(ticket)) : undefined
  if (found?.organizationId !== organization?.document.id || found?.clientId !== client.client_id) return refuse('invalid_request', NO_INVITATION)
  return found.acceptedBy !== undefined && !goesOn ? refuse('invalid_request', NO_INVITATION) : found
}

/** The page that a person sees first: what the application hints at; for somebody invited the one that they need. */
export async function firstScreen(
  queries: QueryBus,
  request: {
    readonly hint: string | undefined
    readonly client: ClientDocument
    readonly connection: ConnectionDocument
    readonly organization: LoginOrganization | undefined
    readonly invitation: PresentedInvitation | undefined
  },
): Promise<'login' | 'signup'> {
  const { hint, connection, invitation } = request
  if (hint !== undefined || invitation?.email === undefined) return hint === 'signup' ? 'signup' : 'login'
  if (!isSignUpOpen(request)) return 'login'
  return (await queries.execute(new HasAccount(connection.id, invitation.email))) ? 'login' : 'signup'
}
