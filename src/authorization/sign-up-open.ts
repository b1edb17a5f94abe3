import type { ClientDocument } from './client/client.events.js'
import type { ConnectionDocument, LoginOrganization, PresentedInvitation } from '../users/index.js'

/**
 * Whether somebody who is not known yet may make an account: where the connection has it open, and the organization too. Who is invited may where
 * either has, as with Auth0, so that an organization can be open to nobody else. Not before the person's organization is known, where one is needed.
 */
export function isSignUpOpen({
  client,
  connection,
  organization,
  invitation,
}: {
  readonly client: ClientDocument
  readonly connection: ConnectionDocument
  readonly organization: LoginOrganization | undefined
  readonly invitation: PresentedInvitation | undefined
}): boolean {
  const isOpen = connection.options['disable_signup'] !== true
  if (!organization) return isOpen && client['organization_usage'] !== 'require'
  const isOpenThere = settingsIn(organization, connection.id)?.is_signup_enabled === true
  return invitation?.email === undefined ? isOpen && isOpenThere : isOpen || isOpenThere
}

export const settingsIn = ({ connections }: LoginOrganization, connectionId: string): LoginOrganization['connections'][number] | undefined =>
  connections.find(({ connection_id }) => connection_id === connectionId)
