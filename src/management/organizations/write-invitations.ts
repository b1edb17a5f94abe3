import { Injectable } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { type ClientDocument, FindClient } from '../../authorization/index.js'
import type { Context } from '../../event-store/event.js'
import { randomText } from '../../random-text.js'
import { CreateInvitation, FindConnections, FindRoles, FindTenantSettings, type OrganizationDocument } from '../../users/index.js'
import { noOrganization } from './find-organization.js'
import type { CreateInvitationBody } from './invitations.dto.js'
import { refusedBody } from '../validation/valid-body.js'

/** Seven days. */
const DEFAULT_TTL_SECONDS = 604_800

/** Invites people to organizations, once everything that the invitation names is there. */
@Injectable()
export class WriteInvitations {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** Answers the invitation's id. Errors: ManagementError 400, 404, in Auth0's texts (spec/management-api.md §2.11). */
  async create(organization: OrganizationDocument, body: CreateInvitationBody, context: Context): Promise<string> {
    const { inviter, invitee, client_id: clientId, connection_id: connectionId, app_metadata, user_metadata, ttl_sec, send_invitation_email = true } = body
    const client = await this.#client(clientId)
    if (connectionId !== undefined) await this.#connection(connectionId)
    const roles = await this.#roles(body.roles ?? [])
    const id = `uinv_${randomText(16)}`
    const ticket = randomText(32)
    const url = await this.#url(client, { invitation: ticket, organization: organization.id, organization_name: organization.name })
    const metadata = { ...(app_metadata && { app_metadata }), ...(user_metadata && { user_metadata }) }
    const terms = { organizationId: organization.id, clientId, ...(connectionId !== undefined && { connectionId }), roles, emailed: send_invitation_email }
    const details = { inviter: inviter.name, email: invitee.email, ticket, url, ...metadata }
    const invitation = { id, ...terms, ttlSeconds: ttl_sec || DEFAULT_TTL_SECONDS, details }
    if ((await this.commands.execute(new CreateInvitation(invitation, context))) !== 'created') throw noOrganization()
    return id
  }

  async #client(clientId: string): Promise<ClientDocument> {
    // Whatever an id may be; the database takes no NUL.
    const found = /^[\x20-\x7e]+$/.test(clientId) ? await this.queries.execute(new FindClient({ clientId })) : undefined
    if (!found || found.document.global) throw refusedBody('The specified client_id does not exist.')
    const usage = found.document['organization_usage'] ?? 'deny'
    if (usage === 'deny') throw refusedBody(`The specified client_id (${clientId}) does not allow organizations.`)
    return found.document
  }

  async #connection(id: string): Promise<void> {
    const { connections } = await this.queries.execute(new FindConnections({ id }, { limit: 1 }))
    if (connections.length === 0) throw refusedBody('The specified connection does not exist.')
  }

  async #roles(given: readonly string[]): Promise<string[]> {
    const wanted = [...new Set(given)]
    if (wanted.length === 0) return []
    const { rows } = await this.queries.execute(new FindRoles({ ids: wanted }, { limit: wanted.length }))
    const missing = wanted.filter((id) => !rows.some((role) => role.id === id))
    if (missing.length > 0) throw refusedBody(`One or more of the specified roles do not exist: ${missing.join(', ')}`)
    return wanted
  }

  /** Where the application, or else the tenant, begins a login, with what it passes on to /authorize. */
  async #url(client: ClientDocument, parameters: Readonly<Record<string, string>>): Promise<string> {
    const tenant = await this.queries.execute(new FindTenantSettings())
    const route = [client['initiate_login_uri'], tenant['default_redirection_uri']].find((uri) => typeof uri === 'string' && uri !== '')
    if (typeof route !== 'string' || !URL.canParse(route)) throw refusedBody('A default login route is required to generate the invitation url.')
    const url = new URL(route)
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    return url.href
  }
}
