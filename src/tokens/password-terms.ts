import { Inject, Injectable } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import {
  askedAudience,
  type ClientDocument,
  FindResourceServer,
  FindUserAccess,
  issuance,
  type Proof,
  type ResourceServerDocument,
} from '../authorization/index.js'
import { CONFIG, type Config } from '../config.js'
import { type ConnectionDocument, FindConnection, FindLoginConnections, FindTenantSettings, type TenantSettings } from '../users/index.js'
import { ExchangeRefused } from './exchange-refused.js'
import type { PasswordRequest, TokenSender } from './token-request.js'

/** What a password is to open, and where it is one. */
export interface PasswordTerms {
  /** Undefined: /userinfo only. */
  readonly api: ResourceServerDocument | undefined
  /** What the client's grant for users allows at the API, where one applies. */
  readonly clientGrantScope: readonly string[] | undefined
  readonly connection: ConnectionDocument
  /** What the access token is to be bound to. */
  readonly proof: Proof | undefined
  /** All of the API's where none is asked for (spec/oauth.md §6.3). */
  readonly requested: readonly string[]
}

/** Reads what a request by password is about, before anybody's password is looked at: so its refusals say nothing of people. */
@Injectable()
export class PasswordTermsFinder {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly queries: QueryBus,
  ) {}

  /** Errors: ExchangeRefused. */
  async find(request: PasswordRequest, client: ClientDocument, { proofs }: TokenSender): Promise<PasswordTerms> {
    noOrganization(request, client)
    const tenant = await this.queries.execute(new FindTenantSettings())
    const { api, clientGrantScope } = await this.#api(askedAudience(request.audience, tenant, this.config.issuer), client)
    const access = issuance({ client, api, proofs })
    if (access.kind === 'refused') throw new ExchangeRefused('invalid_request', access.description, { reason: 'possession' })
    const connection = await this.#connection(request.realm, client, tenant)
    const asked = request.scope ?? []
    const requested = asked.length > 0 ? asked : (api?.scopes.map(({ value }) => value) ?? [])
    return { api, clientGrantScope, connection, proof: access.kind === 'constrained' ? access.proof : undefined, requested }
  }

  async #api(audience: string | undefined, client: ClientDocument): Promise<Pick<PasswordTerms, 'api' | 'clientGrantScope'>> {
    if (audience === undefined) return { api: undefined, clientGrantScope: undefined }
    const api = await this.queries.execute(new FindResourceServer(audience))
    if (!api) throw new ExchangeRefused('access_denied', `Service not found: ${audience}`, { reason: 'unknown-audience' })
    const access = await this.queries.execute(new FindUserAccess(client, api))
    if (access.kind === 'refused') throw new ExchangeRefused(access.error, access.description, { reason: access.why })
    return { api, clientGrantScope: access.clientGrantScope }
  }

  /** One that keeps passwords, and that the client's people may log in through, as on the login page. */
  async #connection(realm: string | undefined, client: ClientDocument, { default_directory }: TenantSettings): Promise<ConnectionDocument> {
    const name = realm ?? default_directory
    const enabled = await this.queries.execute(new FindLoginConnections({ clientId: client.client_id, firstParty: client.is_first_party }, default_directory))
    const connection = enabled.find((one) => one.name === name)
    if (connection) return connection
    const known = name ? await this.queries.execute(new FindConnection(name)) : undefined
    if (known?.strategy === DATABASE) throw refused('the connection is not enabled', 'connection-not-enabled')
    if (realm === undefined) throw refused('Authorization server not configured with default connection.', 'no-default-directory')
    throw refused(`Unknown realm '${realm}'`, 'unknown-realm')
  }
}

const DATABASE = 'auth0'

/** Auth0 answers 403 where a realm cannot be used. */
const refused = (description: string, reason: string): ExchangeRefused => new ExchangeRefused('invalid_request', description, { reason }, 403)

/**
 * This grant knows no organizations, as with Auth0. So a client whose people act in one cannot use it, and one that names one is refused rather than
 * given a token that says nothing of it.
 */
function noOrganization({ organization }: PasswordRequest, client: ClientDocument): void {
  const reason = 'organization'
  if (client['organization_usage'] === 'require') {
    throw new ExchangeRefused('invalid_request', 'parameter organization is required for this client', { reason })
  }
  if (organization !== undefined) throw new ExchangeRefused('invalid_request', 'parameter organization is not allowed for this grant', { reason })
}
