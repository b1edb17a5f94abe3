import { Injectable } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import type { Changes } from '../../event-store/difference.js'
import type { Context } from '../../event-store/event.js'
import { ManagementError } from '../../http/management-error.js'
import { ChangeOrganizationItems, type OrganizationConnection } from '../../users/index.js'
import { absentConnection } from '../connections/write-connections.js'
import { findOrganization, noOrganization, tooMany } from './find-organization.js'
import { type ListedConnection, OrganizationLists } from './organization-lists.js'
import type { AddConnectionBody, UpdateConnectionBody } from './organizations.dto.js'

const noConnection = (): ManagementError => new ManagementError(404, 'No connection found by that id')

/** How a connection is used in an organization, where nothing else is said. */
const DEFAULTS = { assign_membership_on_login: false, show_as_button: true, is_signup_enabled: false, is_enabled: true }

/** A connection as it begins in an organization. */
export const newConnection = ({ connection: _, connection_id, ...body }: AddConnectionBody): OrganizationConnection => ({
  ...DEFAULTS,
  connection_id,
  ...(Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null)) as Partial<OrganizationConnection>),
})

const changesIn = ({ connection: _, ...body }: UpdateConnectionBody): Changes<OrganizationConnection> =>
  Object.fromEntries(Object.entries(body).map(([name, value]: [string, unknown]) => [name, value ?? (DEFAULTS as Record<string, unknown>)[name]]))

/** What both addresses of an organization's connections do (spec/management-api.md §2.11). Errors: ManagementError. */
@Injectable()
export class OrganizationConnections {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly lists: OrganizationLists,
  ) {}

  async list(
    id: string,
    page: { readonly offset: number; readonly limit: number },
    isEnabled?: boolean,
  ): Promise<{ rows: readonly ListedConnection[]; total: number }> {
    await findOrganization(this.queries, { id })
    return this.lists.connections(id, page, { isEnabled })
  }

  async get(id: string, connectionId: string): Promise<ListedConnection> {
    await findOrganization(this.queries, { id })
    const { rows } = await this.lists.connections(id, { limit: 1 }, { connectionId })
    if (!rows[0]) throw noConnection()
    return rows[0]
  }

  async add(id: string, body: AddConnectionBody, context: Context): Promise<ListedConnection> {
    const outcome = await this.commands.execute(new ChangeOrganizationItems(id, { connection: { add: newConnection(body) } }, context))
    if (outcome === 'absent') throw noOrganization()
    if (outcome === 'exists') throw new ManagementError(409, 'The organization connection already exists.', 'conflict')
    if (outcome === 'missing') throw absentConnection()
    if (outcome === 'too many') throw tooMany()
    return this.get(id, body.connection_id)
  }

  async change(id: string, connectionId: string, body: UpdateConnectionBody, context: Context): Promise<ListedConnection> {
    const change = { change: connectionId, to: changesIn(body) }
    const outcome = await this.commands.execute(new ChangeOrganizationItems(id, { connection: change }, context))
    if (outcome === 'absent') throw noOrganization()
    if (outcome === 'missing') throw noConnection()
    return this.get(id, connectionId)
  }

  /** One that is not there is as good as removed. */
  async remove(id: string, connectionId: string, context: Context): Promise<void> {
    const outcome = await this.commands.execute(new ChangeOrganizationItems(id, { connection: { remove: connectionId } }, context))
    if (outcome === 'absent') throw noOrganization()
  }
}
