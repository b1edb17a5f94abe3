import { Body, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import {
  ChangeResourceServer,
  CreateResourceServer,
  DeleteClientGrantsOf,
  DeleteResourceServer,
  FindResourceServers,
  type ListedResourceServer,
  newResourceServerId,
  newSigningSecret,
  RESOURCE_SERVER_DEFAULTS,
  type ResourceServerDocument,
} from '../../authorization/index.js'
import { CONFIG, type Config } from '../../config.js'
import { ManagementError } from '../../http/management-error.js'
import { isSigningAlgorithm } from '../../keys/signature.js'
import { SigningKeys } from '../../keys/signing-keys.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { withoutUndefined } from '../members.js'
import { Cursors } from '../paging/cursors.js'
import { readFields } from '../paging/fields.js'
import { pageAnswer, pageRequest, placeIn, tablePage } from '../paging/page.js'
import { BOTH_PAGES, FIELDS, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { SEARCH, searchList } from '../search/search-list.js'
import { readRsaKey } from '../validation/pem.js'
import { type QueryParameters, texts } from '../validation/query.js'
import { invalidBody, refusedBody, repeats, validBody } from '../validation/valid-body.js'
import { CreateResourceServerBody, settings, showResourceServer, type TokenEncryption, UpdateResourceServerBody } from './resource-servers.dto.js'

/** Resource servers, which Auth0 also calls APIs (spec/management-api.md §2.3). */
@ManagementController('resource-servers')
export class ResourceServersController {
  readonly #userInfo: string

  constructor(
    @Inject(CONFIG) { issuer }: Config,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly keys: SigningKeys,
    private readonly cursors: Cursors,
  ) {
    this.#userInfo = `${issuer}userinfo`
  }

  @Get()
  @Scopes('read:resource_servers')
  @Parameters('identifiers', ...BOTH_PAGES, ...FIELDS)
  @Operation('Get resource servers')
  async list(@Query() query: QueryParameters, @Caller() caller: CallerOf): Promise<object> {
    const identifiers = texts(query, 'identifiers')
    const list = `resource-servers ${JSON.stringify(identifiers)}`
    const request = pageRequest(query, this.cursors, list)
    const fields = readFields(query)
    const found = await this.queries.execute(new FindResourceServers({ identifiers: identifiers.length > 0 ? identifiers : undefined }, tablePage(request)))
    const show = (api: ListedResourceServer): object => showResourceServer(api, caller, fields)
    return pageAnswer(request, 'resource_servers', found, { cursors: this.cursors, list, placeOf: (api) => placeIn(api.createdAt, api.document.id), show })
  }

  @Get('search')
  @Scopes('read:resource_servers')
  @Parameters(...SEARCH, ...FIELDS)
  @Operation('Search resource servers')
  search(@Query() query: QueryParameters, @Caller() caller: CallerOf): Promise<object> {
    const fields = readFields(query)
    return searchList<ListedResourceServer>(query, this.cursors, {
      key: 'resource_servers',
      bare: ['name', 'identifier'],
      sorts: { identifier: ({ document }) => document.identifier, name: ({ document }) => document.name, updated_at: ({ updatedAt }) => updatedAt },
      read: (page) => this.queries.execute(new FindResourceServers({}, page)),
      placeOf: ({ createdAt, document }) => [createdAt, document.id],
      searchable: ({ document }) => document,
      show: (api) => showResourceServer(api, caller, fields),
    })
  }

  @Post()
  @Scopes('create:resource_servers')
  @Operation('Create a resource server')
  async create(@Body(validBody(CreateResourceServerBody)) body: CreateResourceServerBody, @Caller() caller: CallerOf): Promise<object> {
    const { identifier } = body
    // Tokens for it mean userinfo.
    if (identifier === this.#userInfo) throw refusedBody('The selected identifier is reserved.')
    const document = check({
      ...RESOURCE_SERVER_DEFAULTS,
      ...(body.token_lifetime !== undefined && { token_lifetime_for_web: Math.min(body.token_lifetime, RESOURCE_SERVER_DEFAULTS.token_lifetime_for_web) }),
      name: identifier,
      ...withoutUndefined(settings(body)),
      id: newResourceServerId(),
      identifier,
      is_system: false,
    })
    await this.#haveKeys(body, caller)
    const secret = body.signing_secret ?? (document.signing_alg === 'HS256' ? newSigningSecret() : undefined)
    const outcome = await this.commands.execute(new CreateResourceServer(document, caller.context, secret))
    if (outcome === 'exists') throw new ManagementError(409, 'A resource server with the same identifier already exists.', 'conflict')
    return showResourceServer(await this.#find(document.id), caller)
  }

  @Get(':id')
  @Scopes('read:resource_servers')
  @Parameters(...FIELDS)
  @Operation('Get a resource server')
  async get(@Param('id') id: string, @Query() query: QueryParameters, @Caller() caller: CallerOf): Promise<object> {
    return showResourceServer(await this.#find(id), caller, readFields(query))
  }

  @Patch(':id')
  @Scopes('update:resource_servers')
  @Operation('Update a resource server')
  async patch(@Param('id') id: string, @Body(validBody(UpdateResourceServerBody)) body: UpdateResourceServerBody, @Caller() caller: CallerOf): Promise<object> {
    const { document, signingSecret } = await this.#find(id)
    repeats(body, document)
    await this.#haveKeys(body, caller)
    const changes = (current: ResourceServerDocument) => changesIn(current, body)
    // Deploy tools write back what they read.
    const sent = body.signing_secret === signingSecret ? undefined : body.signing_secret
    const secret = sent ?? (body.signing_alg === 'HS256' && signingSecret === undefined ? newSigningSecret() : undefined)
    const outcome = await this.commands.execute(new ChangeResourceServer(document.id, changes, caller.context, false, secret))
    if (outcome === 'absent') throw noResourceServer()
    if (outcome === 'system') throw new ManagementError(400, 'System resource servers cannot be patched.', 'operation_not_supported')
    return showResourceServer(await this.#find(document.id), caller)
  }

  @Delete(':id')
  @HttpCode(204)
  @Scopes('delete:resource_servers')
  @Operation('Delete a resource server')
  async delete(@Param('id') id: string, @Caller() { context }: CallerOf): Promise<void> {
    const found = await this.#search(id)
    if (!found) return
    const outcome = await this.commands.execute(new DeleteResourceServer(found.document.id, context))
    if (outcome === 'system') throw new ManagementError(400, 'System resource servers cannot be deleted.', 'operation_not_supported')
    await this.commands.execute(new DeleteClientGrantsOf({ audience: found.document.identifier }, context))
  }

  /** Made before anything is signed with them, so that whoever verifies finds them. */
  async #haveKeys({ signing_alg }: UpdateResourceServerBody, { context }: CallerOf): Promise<void> {
    if (isSigningAlgorithm(signing_alg)) await this.keys.ensure(context, signing_alg)
  }

  async #find(id: string): Promise<ListedResourceServer> {
    const found = await this.#search(id)
    if (!found) throw noResourceServer()
    return found
  }

  /** By id or identifier, which Terraform encodes twice. */
  async #search(id: string): Promise<ListedResourceServer | undefined> {
    const { rows } = await this.queries.execute(new FindResourceServers({ anyOf: [...new Set([id, decoded(id)])] }, { limit: 2 }))
    return rows.find(({ document }) => document.id === id || document.identifier === id) ?? rows[0]
  }
}

export const noResourceServer = (): ManagementError => new ManagementError(404, 'The resource server does not exist', 'inexistent_resource_server')

function check(document: ResourceServerDocument): ResourceServerDocument {
  if (document.token_lifetime_for_web > document.token_lifetime) {
    throw invalidBody(`Value ${document.token_lifetime_for_web} is greater than maximum ${document.token_lifetime}`, 'token_lifetime_for_web')
  }
  const encryption = document['token_encryption'] as TokenEncryption | undefined
  if (encryption) readRsaKey(encryption.encryption_key.pem)
  const values = document.scopes.map(({ value }) => value)
  const repeated = values.find((value, n) => values.indexOf(value) !== n)
  if (repeated !== undefined) throw refusedBody(`Duplicate scope: ${repeated}`)
  const { mechanism, required_for } = document.proof_of_possession ?? {}
  // Public clients have no certificate to show.
  if (mechanism === 'mtls' && required_for === 'public_clients') throw invalidBody('No enum match for: public_clients', 'proof_of_possession.required_for')
  return document
}

/** A lifetime that is shortened takes the one for the web along. Errors: ManagementError 400. */
function changesIn(current: ResourceServerDocument, body: UpdateResourceServerBody): Partial<ResourceServerDocument> {
  const changes = settings(body)
  const { token_lifetime = current.token_lifetime, token_lifetime_for_web = Math.min(current.token_lifetime_for_web, token_lifetime) } = changes
  check({ ...current, ...changes, token_lifetime, token_lifetime_for_web })
  return { ...changes, token_lifetime_for_web }
}

function decoded(id: string): string {
  try {
    const text = decodeURIComponent(id)
    return text.includes('\0') ? id : text
  } catch {
    return id
  }
}
