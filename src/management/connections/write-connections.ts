import { Injectable } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { FindClients } from '../../authorization/index.js'
import type { Context } from '../../event-store/event.js'
import { ManagementError } from '../../http/management-error.js'
import { randomText } from '../../random-text.js'
import {
  ChangeConnection,
  type ConnectionChanges,
  CreateConnection,
  DeleteConnection,
  DeleteUser,
  FindUser,
  type FoundConnection,
  keepSecrets,
  SwitchConnectionClients,
} from '../../users/index.js'
import { withoutNulls } from '../members.js'
import { checkOptions, newOptions } from './connection-rules.js'
import type { ClientSwitch, CreateConnectionBody, UpdateConnectionBody } from './connections.dto.js'

const CLIENTS_AT_ONCE = 500
const newId = (): string => `con_${randomText(16)}`

/** Makes, changes and deletes connections for the Management API. Errors: ManagementError. */
@Injectable()
export class WriteConnections {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** Answers the id. */
  async create(body: CreateConnectionBody, context: Context): Promise<string> {
    const { name, strategy, enabled_clients: clients, realms, metadata, options, cross_app_access_resource_app: resourceApp, ...rest } = body
    const enabled_clients = clients ?? []
    const allOptions = newOptions(strategy, options ?? {})
    checkOptions(strategy, allOptions)
    await this.#checkClients(enabled_clients)
    const id = newId()
    const document = {
      is_domain_connection: false,
      authentication: { active: true },
      connected_accounts: { active: false },
      ...rest,
      ...(metadata && { metadata: withoutNulls(metadata) }),
      ...(resourceApp && { cross_app_access_resource_app: resourceApp }),
      id,
      name,
      strategy,
      options: allOptions,
      realms: realmsOf(name, realms),
      enabled_clients: [...new Set(enabled_clients)],
    }
    const created = await this.commands.execute(new CreateConnection(document, context))
    if (created === 'exists') throw new ManagementError(409, 'A connection with the same name already exists', 'conflict')
    if (created === 'realm-exists') throw realmExists()
    return id
  }

  /** `enabled_clients` replace the former ones; null leaves them as they are. */
  async update({ document }: FoundConnection, body: UpdateConnectionBody, context: Context): Promise<void> {
    const { enabled_clients, metadata, options, realms, cross_app_access_resource_app: resourceApp, ...rest } = body
    if (options) checkOptions(document.strategy, options)
    if (enabled_clients) await this.#checkClients(enabled_clients.filter((client) => !document.enabled_clients.includes(client)))
    const kept = options && keepSecrets(options, document.options)
    const changes: ConnectionChanges = {
      ...rest,
      ...(realms && { realms: realmsOf(document.name, realms) }),
      ...(options !== undefined && { options: kept?.options ?? {} }),
      ...(metadata && { metadata: withoutNulls(metadata) }),
      ...(resourceApp !== undefined && { cross_app_access_resource_app: resourceApp ?? undefined }),
    }
    const changed = await this.commands.execute(new ChangeConnection(document.id, changes, context, kept?.same))
    if (changed === 'realm-exists') throw realmExists()
    const switched = enabled_clients ? await this.#replaceClients(document, enabled_clients, context) : changed
    if (changed === 'absent' || switched === 'absent') throw absentConnection()
  }

  async switchClients(id: string, switches: readonly ClientSwitch[], context: Context): Promise<void> {
    const last = new Map(switches.map(({ client_id, status }) => [client_id, status]))
    const named = (wanted: boolean): string[] => [...last].filter(([, status]) => status === wanted).map(([clientId]) => clientId)
    await this.#checkClients(named(true))
    const switched = await this.commands.execute(new SwitchConnectionClients(id, { enabled: named(true), disabled: named(false) }, context))
    if (switched === 'absent') throw absentConnection()
  }

  /** The user with this address in a database connection; nobody is as good. */
  async deleteUser({ document: { id, strategy } }: FoundConnection, email: string, context: Context): Promise<void> {
    if (strategy !== 'auth0') throw new ManagementError(400, 'Connection must be a database connection', 'operation_not_supported')
    const found = await this.queries.execute(new FindUser({ connectionId: id, email }))
    if (found) await this.commands.execute(new DeleteUser(found.user_id, { ...context, userId: found.user_id }))
  }

  async delete(id: string, context: Context): Promise<void> {
    await this.commands.execute(new DeleteConnection(id, context))
  }

  /** A list leaves out whom it does not name, also those that nobody had decided about and that may use the default directory so far. */
  async #replaceClients(
    { id, enabled_clients: before }: FoundConnection['document'],
    enabled: readonly string[],
    context: Context,
  ): Promise<'changed' | 'absent'> {
    const all = new Set(before)
    for (let offset = 0, total = 1; offset < total; offset += CLIENTS_AT_ONCE) {
      const page = await this.queries.execute(new FindClients({ isGlobal: false }, { offset, limit: CLIENTS_AT_ONCE }))
      for (const { document } of page.rows) all.add(document.client_id)
      total = page.total
    }
    const disabled = [...all].filter((client) => !enabled.includes(client))
    return this.commands.execute(new SwitchConnectionClients(id, { enabled, disabled }, context))
  }

  async #checkClients(clientIds: readonly string[]): Promise<void> {
    const found = await Promise.all(clientIds.map((clientId) => this.queries.execute(new FindClients({ clientId }, { limit: 1 }))))
    if (found.some(({ total }) => total === 0)) throw new ManagementError(404, 'The client does not exist', 'inexistent_client')
  }
}

export const absentConnection = (): ManagementError => new ManagementError(404, 'The connection does not exist', 'inexistent_connection')

const realmExists = (): ManagementError => new ManagementError(409, 'There is already another connection with some realms from "realms" parameter', 'conflict')

/** A connection that names none is its own realm. */
const realmsOf = (name: string, realms: readonly string[] = []): string[] => (realms.length > 0 ? [...new Set(realms)] : [name])
