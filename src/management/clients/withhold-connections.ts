import type { CommandBus, QueryBus } from '@nestjs/cqrs'
import { FindClients } from '../../authorization/index.js'
import type { Context } from '../../event-store/event.js'
import { FindConnection, FindTenantSettings, SwitchConnectionClients } from '../../users/index.js'

/**
 * With the tenant's flag `enable_client_connections` off, a new client is given no connection: not the default directory either, which serves every
 * first-party client that it was not taken from (spec/management-api.md §2.9, §2.13). Called before the client is made, so that it never has it.
 */
export async function withholdConnections(commands: CommandBus, queries: QueryBus, clientId: string, context: Context): Promise<void> {
  const { flags, default_directory } = await queries.execute(new FindTenantSettings())
  if (flags?.['enable_client_connections'] !== false || default_directory === undefined || default_directory === '') return
  const [directory, { total }] = await Promise.all([
    queries.execute(new FindConnection(default_directory)),
    queries.execute(new FindClients({ clientId }, { limit: 1 })),
  ])
  // A client that is there keeps what it has.
  if (directory && total === 0) await commands.execute(new SwitchConnectionClients(directory.id, { enabled: [], disabled: [clientId] }, context))
}
