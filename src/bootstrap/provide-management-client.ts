import type { CommandBus, QueryBus } from '@nestjs/cqrs'
import {
  ChangeClient,
  ChangeClientGrant,
  CLIENT_DEFAULTS,
  CreateClient,
  CreateClientGrant,
  FindClient,
  FindClientGrant,
  MANAGEMENT_SCOPES,
  newClientGrantId,
  newClientId,
  newClientSecret,
} from '../authorization/index.js'
import type { Config } from '../config.js'
import type { EventStore } from '../event-store/event-store.js'
import type { Installation } from './installation.js'
import { BY_BOOTSTRAP, record } from './record.js'

interface Tools {
  readonly config: Config
  readonly store: EventStore
  readonly commands: CommandBus
  readonly queries: QueryBus
  readonly print: (line: string) => void
}

/**
 * The client that the Management API is reached with. One that the environment names is made or brought to what it says at every start;
 * otherwise one is generated at the first start, and printed.
 */
export async function provideManagementClient(tools: Tools, { managementClientId }: Installation, audience: string): Promise<void> {
  const { config, print, store } = tools
  if (config.managementClient) {
    const { id, secret } = config.managementClient
    await bringTo(tools, id, secret)
    await grantEverything(tools, id, audience)
    await record(store, { type: 'ManagementClientProvided', data: { clientId: id } })
  } else if (managementClientId === undefined) {
    const [id, secret] = [newClientId(), newClientSecret()]
    await create(tools, id, secret)
    await grantEverything(tools, id, audience)
    // Printed before it is recorded: a start that is killed between makes another one rather than leave nobody with a secret.
    print(`Management client, shown this once: MANAGEMENT_CLIENT_ID=${id} MANAGEMENT_CLIENT_SECRET=${secret}`)
    await record(store, { type: 'ManagementClientProvided', data: { clientId: id } })
  } else if (await tools.queries.execute(new FindClient({ clientId: managementClientId }))) {
    await grantEverything(tools, managementClientId, audience)
  }
}

async function bringTo(tools: Tools, clientId: string, secret: string): Promise<void> {
  const found = await tools.queries.execute(new FindClient({ clientId }))
  if (!found) await create(tools, clientId, secret)
  else if (found.secret !== secret) await tools.commands.execute(new ChangeClient(clientId, {}, BY_BOOTSTRAP, secret))
}

async function create({ commands }: Tools, clientId: string, secret: string): Promise<void> {
  const document = {
    ...CLIENT_DEFAULTS,
    client_id: clientId,
    name: 'Evergrant Management',
    description: 'Made at the first start, with every scope of the Management API',
    app_type: 'non_interactive',
    oidc_conformant: true,
    grant_types: ['client_credentials'],
    jwt_configuration: { ...CLIENT_DEFAULTS.jwt_configuration, alg: 'RS256' },
  }
  await commands.execute(new CreateClient(document, secret, BY_BOOTSTRAP))
}

async function grantEverything({ commands, queries }: Tools, clientId: string, audience: string): Promise<void> {
  const found = await queries.execute(new FindClientGrant(clientId, audience))
  if (found) await commands.execute(new ChangeClientGrant(found.id, { scope: MANAGEMENT_SCOPES }, BY_BOOTSTRAP))
  else {
    const document = { id: newClientGrantId(), client_id: clientId, audience, scope: MANAGEMENT_SCOPES, subject_type: 'client' as const }
    await commands.execute(new CreateClientGrant(document, BY_BOOTSTRAP))
  }
}
