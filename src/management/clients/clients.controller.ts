import { Body, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import {
  ChangeClient,
  type ClientCredential,
  type ClientDocument,
  type ClientFilter,
  CreateClient,
  DeleteClient,
  DeleteClientGrantsOf,
  FindClients,
  isStrict,
  type ListedClient,
  materialOf,
  newClientId,
  newClientSecret,
} from '../../authorization/index.js'
import { CONFIG, type Config } from '../../config.js'
import { ManagementError } from '../../http/management-error.js'
import { isSigningAlgorithm } from '../../keys/signature.js'
import { SigningKeys } from '../../keys/signing-keys.js'
import { RevokeRefreshTokens } from '../../tokens/index.js'
import { Caller, type CallerOf, needs } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { Cursors } from '../paging/cursors.js'
import { type Fields, readFields } from '../paging/fields.js'
import { pageAnswer, pageRequest, placeIn, tablePage } from '../paging/page.js'
import { BOTH_PAGES, FIELDS, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { SEARCH, searchList } from '../search/search-list.js'
import { flag, invalidQuery, type QueryParameters, text } from '../validation/query.js'
import { invalidBody, refusedBody, validBody } from '../validation/valid-body.js'
import { newClient, patchedClient } from './client-rules.js'
import type { AuthenticationMethods, CredentialReference } from './client-credentials.dto.js'
import { CreateClientBody, UpdateClientBody } from './clients.dto.js'
import { CREDENTIAL_TYPES, needsProxy, newCredential } from './credentials.js'
import { APP_TYPES } from './grant-types.js'
import { checkOidcLogout, type LogoutUrlPolicy } from './oidc-logout-rules.js'
import { CREATED, searchableClient, showClient, type Showing, UPDATED } from './show-client.js'
import { withholdConnections } from './withhold-connections.js'

const READ = ['read:clients', 'read:client_keys', 'read:client_credentials', 'read:client_summary'] as const

/** Clients, which Auth0 also calls applications (spec/management-api.md §2.4). */
@ManagementController('clients')
export class ClientsController {
  readonly #managementApi: string
  readonly #logoutUrls: LogoutUrlPolicy
  readonly #tenant: string

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly keys: SigningKeys,
    private readonly cursors: Cursors,
  ) {
    const { issuer, allowPrivateTargets, settings } = config
    this.#managementApi = `${issuer}api/v2/`
    this.#logoutUrls = { issuer, allowInsecure: allowPrivateTargets || settings.backchannelAllowInsecureTargets }
    this.#tenant = new URL(issuer).hostname
  }

  @Get()
  @Scopes(...READ)
  @Parameters('is_global', 'is_first_party', 'app_type', 'external_client_id', 'q', ...BOTH_PAGES, ...FIELDS)
  @Operation('Get clients')
  async list(@Query() query: QueryParameters, @Caller() caller: CallerOf): Promise<object> {
    const filter = filterOf(query)
    const list = `clients ${JSON.stringify(filter)}`
    const request = pageRequest(query, this.cursors, list)
    const isSearch = filter.organizationId !== undefined || filter.anyOrganization !== undefined
    // As Auth0: these are answered by checkpoints alone.
    if (isSearch && request.style === 'offset') throw invalidQuery('Missing required property: take', 'take')
    const fields = readFields(query)
    const found = await this.queries.execute(new FindClients(filter, tablePage(request)))
    const certificate = await this.keys.currentCertificate()
    const show = (client: ListedClient): object => showClient(client, { caller, tenant: this.#tenant, certificate }, fields)
    return pageAnswer(request, 'clients', found, {
      cursors: this.cursors,
      list,
      placeOf: (client) => placeIn(client.createdAt, client.document.client_id),
      show,
    })
  }

  @Get('search')
  @Scopes('read:clients', 'read:client_summary')
  @Parameters(...SEARCH, ...FIELDS)
  @Operation('Search clients')
  async search(@Query() query: QueryParameters, @Caller() caller: CallerOf): Promise<object> {
    const fields = readFields(query)
    const [tenant, certificate] = [this.#tenant, await this.keys.currentCertificate()]
    return searchList<ListedClient>(query, this.cursors, {
      key: 'clients',
      bare: ['name', 'client_id'],
      sorts: { client_id: ({ document }) => document.client_id, name: ({ document }) => document.name },
      read: (page) => this.queries.execute(new FindClients({}, page)),
      placeOf: ({ createdAt, document }) => [createdAt, document.client_id],
      searchable: (client) => searchableClient(client, caller),
      show: (client) => showClient(client, { caller, tenant, certificate }, fields),
    })
  }

  @Post()
  @Scopes('create:clients')
  @Operation('Create a client')
  async create(@Body(validBody(CreateClientBody)) body: CreateClientBody, @Caller() caller: CallerOf): Promise<object> {
    const clientId = body.client_id ?? newClientId({ strict: isStrict(body) })
    const { credentials, methods } = await this.#credentials(body.client_authentication_methods ?? undefined, caller)
    const document = newClient(clientId, body, methods, this.#managementApi)
    checkOidcLogout(body.oidc_logout ?? body.oidc_backchannel_logout ?? {}, this.#logoutUrls)
    await this.#haveKeys(body, caller)
    await withholdConnections(this.commands, this.queries, clientId, caller.context)
    const outcome = await this.commands.execute(new CreateClient(document, body.client_secret ?? newClientSecret(), caller.context, credentials))
    if (outcome === 'exists') throw aliasTaken()
    return this.#show(clientId, caller, { written: CREATED })
  }

  @Get(':id')
  @Scopes(...READ)
  @Parameters(...FIELDS)
  @Operation('Get a client')
  async get(@Param('id') id: string, @Query() query: QueryParameters, @Caller() caller: CallerOf): Promise<object> {
    return this.#show(id, caller, { fields: readFields(query) })
  }

  @Patch(':id')
  @Scopes('update:clients', 'update:client_keys', 'update:client_credentials', 'update:client_token_vault_privileged_access')
  @Operation('Update a client')
  async patch(@Param('id') id: string, @Body(validBody(UpdateClientBody)) body: UpdateClientBody, @Caller() caller: CallerOf): Promise<object> {
    if (body.client_secret !== undefined || body.encryption_key !== undefined) needs(caller, 'update:client_keys')
    if (body.client_authentication_methods !== undefined) needs(caller, 'update:client_credentials')
    if (body.token_endpoint_auth_method !== undefined) needs(caller, 'update:clients', 'update:client_keys', 'update:client_credentials')
    this.#mayUse(body.client_authentication_methods)
    const others = Object.keys(body).filter((name) => !BY_OWN_SCOPE.includes(name))
    if (others.length > 0) needs(caller, 'update:clients', 'update:client_keys')
    checkOidcLogout(body.oidc_logout ?? body.oidc_backchannel_logout ?? {}, this.#logoutUrls)
    await this.#haveKeys(body, caller)
    const changes = (current: ClientDocument, credentials: readonly ClientCredential[]) => patchedClient(current, credentials, body, this.#managementApi)
    const outcome = await this.commands.execute(new ChangeClient(id, changes, caller.context, body.client_secret))
    if (outcome === 'absent') throw noClient()
    if (outcome === 'alias-taken') throw aliasTaken()
    return this.#show(id, caller, { written: UPDATED })
  }

  @Delete(':id')
  @HttpCode(204)
  @Scopes('delete:clients')
  @Operation('Delete a client')
  async delete(@Param('id') id: string, @Caller() { context }: CallerOf): Promise<void> {
    const { rows } = await this.queries.execute(new FindClients({ clientId: id }, { limit: 1 }))
    const outcome = await this.commands.execute(new DeleteClient(id, context))
    if (outcome === 'global client') throw new ManagementError(400, 'Global client cannot be deleted.', 'operation_not_supported')
    // However many refresh tokens it had: none can be exchanged any more. What people let it have goes in the background.
    if (rows[0]) await this.commands.execute(new RevokeRefreshTokens({ clientId: id }, 'client-deleted', context))
    // What a client might ask for goes with it; a retry of the request finishes what a crash left.
    await this.commands.execute(new DeleteClientGrantsOf({ clientId: id }, context))
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @Scopes('update:client_keys')
  @Operation('Rotate a client secret')
  async rotate(@Param('id') id: string, @Caller() caller: CallerOf): Promise<object> {
    const refuseKeys = (current: ClientDocument): object => {
      if (current['client_authentication_methods']) throw new ManagementError(400, 'The client authenticates without a secret.', 'operation_not_supported')
      return {}
    }
    if ((await this.commands.execute(new ChangeClient(id, refuseKeys, caller.context, newClientSecret()))) === 'absent') throw noClient()
    return this.#show(id, caller, { written: UPDATED })
  }

  /** For ID tokens: made before anything is signed with them, so that whoever verifies finds them. */
  async #haveKeys({ jwt_configuration: jwt }: UpdateClientBody, { context }: CallerOf): Promise<void> {
    if (isSigningAlgorithm(jwt?.alg)) await this.keys.ensure(context, jwt.alg)
  }

  async #show(clientId: string, caller: CallerOf, { fields, written }: { fields?: Fields | undefined; written?: Showing }): Promise<object> {
    const { rows } = await this.queries.execute(new FindClients({ clientId }, { limit: 1 }))
    if (!rows[0]) throw noClient()
    return showClient(rows[0], { caller, tenant: this.#tenant, certificate: await this.keys.currentCertificate(), written }, fields)
  }

  #mayUse(methods: AuthenticationMethods | null | undefined): void {
    if (methods?.tls_client_auth || methods?.self_signed_tls_client_auth) needsProxy(this.config)
  }

  /** Keys that come with a new client; its document names them by their ids. */
  async #credentials(methods: AuthenticationMethods | undefined, caller: CallerOf): Promise<{ credentials: ClientCredential[]; methods: object | undefined }> {
    if (!methods) return { credentials: [], methods: undefined }
    needs(caller, 'create:client_credentials')
    this.#mayUse(methods)
    const credentials: ClientCredential[] = []
    const named: [string, object][] = []
    for (const [method, value] of Object.entries(methods) as [string, { credentials: CredentialReference[] }][]) {
      const type = CREDENTIAL_TYPES[method]!
      const other = value.credentials.find(({ credential_type }) => credential_type !== undefined && credential_type !== type)
      if (other) throw invalidBody(`No enum match for: ${other.credential_type}`, `client_authentication_methods.${method}.credentials`)
      const made = await Promise.all(value.credentials.map((body) => newCredential({ ...body, credential_type: type }, new Date())))
      credentials.push(...made)
      named.push([method, { credentials: made.map(({ id }) => ({ id })) }])
    }
    if (new Set(credentials.map(materialOf)).size < credentials.length) throw knownKey()
    return { credentials, methods: Object.fromEntries(named) }
  }
}

/** Members that have a scope of their own. */
const BY_OWN_SCOPE = ['client_secret', 'encryption_key', 'client_authentication_methods', 'token_endpoint_auth_method']

export const noClient = (): ManagementError => new ManagementError(404, 'The client does not exist', 'inexistent_client')
const aliasTaken = (): ManagementError => new ManagementError(409, 'Another client exists with the same alias.', 'conflict')
export const knownKey = (): ManagementError => refusedBody('credentials contains public keys that already exist in client')

function filterOf(query: QueryParameters): ClientFilter {
  const appTypes = text(query, 'app_type', { max: 1000 })?.split(',')
  const unknown = appTypes?.find((type) => !APP_TYPES.includes(type))
  if (unknown !== undefined) throw invalidQuery(`No enum match for: ${unknown}`, 'app_type')
  return {
    isGlobal: flag(query, 'is_global'),
    isFirstParty: flag(query, 'is_first_party'),
    appTypes,
    externalClientId: text(query, 'external_client_id', { max: 120 }),
    ...grantsOf(text(query, 'q', { max: 1000 })),
  }
}

/** What `q` asks of a client's grants (spec/management-api.md §2.2); it knows nothing else. Errors: ManagementError 400. */
function grantsOf(q: string | undefined): Pick<ClientFilter, 'organizationId' | 'anyOrganization'> {
  if (q === undefined) return {}
  const [, organizationId, anyOrganization] = /^client_grant\.(?:organization_id:([\w-]{1,64})|allow_any_organization:(true|false))$/.exec(q.trim()) ?? []
  if (organizationId !== undefined) return { organizationId }
  if (anyOrganization !== undefined) return { anyOrganization: anyOrganization === 'true' }
  throw invalidQuery(`Object didn't pass validation for format clients-query: ${q.slice(0, 100)}`, 'q')
}
