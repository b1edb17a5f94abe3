import { Body, Delete, Get, HttpCode, Inject, Param, Patch, Post } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { ChangeClientCredentials, type ClientCredential, FindClients, MAX_CREDENTIALS } from '../../authorization/index.js'
import { CONFIG, type Config } from '../../config.js'
import { ManagementError } from '../../http/management-error.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { Operation, Scopes } from '../scopes.js'
import { refusedBody, validBody } from '../validation/valid-body.js'
import { knownKey, noClient } from './clients.controller.js'
import { CreateCredentialBody, UpdateCredentialBody } from './client-credentials.dto.js'
import { expiryOf, needsProxy, newCredential, showCredential } from './credentials.js'

const noCredential = (): ManagementError => new ManagementError(404, 'The credential does not exist', 'inexistent_credential')

/** A client's public keys (spec/management-api.md §2.4, credentials). */
@ManagementController('clients/:id/credentials')
export class ClientCredentialsController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @Scopes('read:client_credentials')
  async list(@Param('id') clientId: string): Promise<object[]> {
    return (await this.#credentials(clientId)).map(showCredential)
  }

  @Post()
  @Scopes('create:client_credentials')
  @Operation('Create a client credential')
  async create(@Param('id') clientId: string, @Body(validBody(CreateCredentialBody)) body: CreateCredentialBody, @Caller() caller: CallerOf): Promise<object> {
    if (body.credential_type !== 'public_key') needsProxy(this.config)
    const credential = await newCredential(body, new Date())
    const outcome = await this.commands.execute(new ChangeClientCredentials(clientId, { add: credential }, caller.context))
    if (outcome === 'absent') throw noClient()
    if (outcome === 'known key') throw knownKey()
    if (outcome === 'too many') throw refusedBody(`A client can have a maximum of ${MAX_CREDENTIALS} credentials.`)
    return showCredential(credential)
  }

  @Get(':credentialId')
  @Scopes('read:client_credentials')
  async get(@Param('id') clientId: string, @Param('credentialId') id: string): Promise<object> {
    return showCredential(await this.#credential(clientId, id))
  }

  @Patch(':credentialId')
  @Scopes('update:client_credentials')
  @Operation('Update a client credential')
  async patch(
    @Param('id') clientId: string,
    @Param('credentialId') id: string,
    @Body(validBody(UpdateCredentialBody)) body: UpdateCredentialBody,
    @Caller() { context }: CallerOf,
  ): Promise<object> {
    const outcome = await this.commands.execute(new ChangeClientCredentials(clientId, { id, expiresAt: expiryOf(body.expires_at) }, context))
    if (outcome === 'absent') throw noCredential()
    return showCredential(await this.#credential(clientId, id))
  }

  @Delete(':credentialId')
  @HttpCode(204)
  @Scopes('delete:client_credentials')
  @Operation('Delete a client credential')
  async delete(@Param('id') clientId: string, @Param('credentialId') id: string, @Caller() { context }: CallerOf): Promise<void> {
    const outcome = await this.commands.execute(new ChangeClientCredentials(clientId, { remove: id }, context))
    if (outcome === 'in use') throw new ManagementError(400, 'Cannot delete credential still associated with a client', 'operation_not_supported')
  }

  async #credentials(clientId: string): Promise<readonly ClientCredential[]> {
    const { rows } = await this.queries.execute(new FindClients({ clientId }, { limit: 1 }))
    if (!rows[0]) throw noClient()
    return rows[0].credentials
  }

  async #credential(clientId: string, id: string): Promise<ClientCredential> {
    const found = (await this.#credentials(clientId)).find((credential) => credential.id === id)
    if (!found) throw noCredential()
    return found
  }
}
