import { Inject, Injectable } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import pg from 'pg'
import {
  ChangeResourceServer,
  CLIENT_DEFAULTS,
  CreateClient,
  CreateResourceServer,
  FindClient,
  FindResourceServer,
  MANAGEMENT_SCOPES,
  newClientId,
  newClientSecret,
  newResourceServerId,
  RESOURCE_SERVER_DEFAULTS,
} from '../authorization/index.js'
import { CONFIG, type Config } from '../config.js'
import { EventStore } from '../event-store/event-store.js'
import { LogKey } from '../keys/log-key.js'
import { RootKeys } from '../keys/root-key.js'
import { SigningKeys } from '../keys/signing-keys.js'
import { ChangeTenantSettings, CreateConnection, DATABASE_OPTIONS, FindConnection } from '../users/index.js'
import { BY_BOOTSTRAP, record } from './record.js'
import { newConnectionId } from './generated.js'
import { type Installation, INSTALLATION_ID, installation } from './installation.js'
import { provideAdministrator } from './provide-administrator.js'
import { provideManagementClient } from './provide-management-client.js'

/** Names that deploy tools look for (spec/contract.md, After the first start). */
const DIRECTORY = 'Username-Password-Authentication'
const MANAGEMENT_API = 'Auth0 Management API'
/** The Management API takes bound tokens from whoever sends proofs, and bearer tokens from everybody else. */
const POSSESSION = { mechanism: 'dpop', required: false } as const
const GLOBAL_CLIENT = 'All Applications'

/** What a new installation holds, step by step; each step does nothing where its work is done. */
@Injectable()
export class Bootstrap {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
    private readonly signingKeys: SigningKeys,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** `print` gets the lines that a person must see, each as soon as what it says is stored. */
  async run(print: (line: string) => void): Promise<void> {
    await LogKey.load(this.pool, this.rootKeys)
    await this.signingKeys.ensure(BY_BOOTSTRAP)
    const { state } = await this.store.read(installation, INSTALLATION_ID)
    await this.#directory(state)
    const audience = await this.#managementApi()
    await this.#globalClient()
    const { config, pool, store, commands, queries } = this
    await provideManagementClient({ config, store, commands, queries, print }, state, audience)
    await provideAdministrator({ config, pool, store, commands, queries, print }, state, DIRECTORY)
  }

  async #directory({ directoryId }: Installation): Promise<void> {
    if (directoryId !== undefined) return
    const id = newConnectionId()
    const document = {
      id,
      name: DIRECTORY,
      strategy: 'auth0',
      options: DATABASE_OPTIONS,
      realms: [DIRECTORY],
      enabled_clients: [],
      is_domain_connection: false,
      authentication: { active: true },
      connected_accounts: { active: false },
    }
    await this.commands.execute(new CreateConnection(document, BY_BOOTSTRAP))
    await this.commands.execute(new ChangeTenantSettings({ default_directory: DIRECTORY }, BY_BOOTSTRAP))
    const { id: connectionId } = (await this.queries.execute(new FindConnection(DIRECTORY)))!
    await record(this.store, { type: 'DirectoryProvided', data: { connectionId } })
  }

  /** Also brings the scopes of a newer version. Answers the identifier. */
  async #managementApi(): Promise<string> {
    const identifier = `${this.config.issuer}api/v2/`
    const scopes = MANAGEMENT_SCOPES.map((value) => ({ value }))
    const found = await this.queries.execute(new FindResourceServer(identifier))
    if (found)
      await this.commands.execute(new ChangeResourceServer(found.id, { name: MANAGEMENT_API, scopes, proof_of_possession: POSSESSION }, BY_BOOTSTRAP, true))
    else {
      const system = { name: MANAGEMENT_API, is_system: true, scopes, proof_of_possession: POSSESSION }
      const document = { ...RESOURCE_SERVER_DEFAULTS, id: newResourceServerId(), identifier, ...system }
      await this.commands.execute(new CreateResourceServer(document, BY_BOOTSTRAP))
    }
    return identifier
  }

  async #globalClient(): Promise<void> {
    if (await this.queries.execute(new FindClient('global'))) return
    const document = { ...CLIENT_DEFAULTS, client_id: newClientId(), name: GLOBAL_CLIENT, global: true }
    await this.commands.execute(new CreateClient(document, newClientSecret(), BY_BOOTSTRAP))
  }
}
