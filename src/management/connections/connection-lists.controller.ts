import { Get, Param, Post } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { ManagementError } from '../../http/management-error.js'
import { FindConnections } from '../../users/index.js'
import { ManagementController } from '../management-controller.js'
import { Operation, Scopes } from '../scopes.js'
import { notEnabled } from '../small/unbuilt-writes.js'
import { absentConnection } from './write-connections.js'

/** What connections have at Auth0 and not here: deploy tools ask for it and stop where there is no answer (spec/management-api.md §2.9, §3.2). */
@ManagementController()
export class ConnectionListsController {
  constructor(private readonly queries: QueryBus) {}

  @Get('connections-directory-provisionings')
  @Scopes('read:directory_provisionings')
  directoryProvisionings(): object {
    return { directory_provisionings: [] }
  }

  @Get('connections-scim-configurations')
  @Scopes('read:scim_config')
  scimConfigurations(): object {
    return { scim_configurations: [] }
  }

  @Get('connections/:id/directory-provisioning')
  @Scopes('read:directory_provisionings')
  directoryProvisioning(@Param('id') id: string): Promise<never> {
    return this.#refuse(id, new ManagementError(404, 'The directory provisioning configuration does not exist.'))
  }

  @Get('connections/:id/scim-configuration')
  @Scopes('read:scim_config')
  scimConfiguration(@Param('id') id: string): Promise<never> {
    return this.#refuse(id, new ManagementError(404, 'The SCIM configuration does not exist.'))
  }

  /** Keys that this service would prove itself with to what is upstream. */
  @Get('connections/:id/keys')
  @Scopes('read:connections_keys')
  async keys(@Param('id') id: string): Promise<object> {
    await this.#find(id)
    return []
  }

  @Post('connections/:id/keys')
  @Scopes('create:connections_keys')
  @Operation('Create keys for a connection', { personal: true })
  createKeys(@Param('id') id: string): Promise<never> {
    return this.#refuse(id, notEnabled())
  }

  @Post('connections/:id/keys/rotate')
  @Scopes('update:connections_keys')
  @Operation('Rotate keys of a connection', { personal: true })
  rotateKeys(@Param('id') id: string): Promise<never> {
    return this.#refuse(id, notEnabled())
  }

  async #refuse(id: string, refusal: ManagementError): Promise<never> {
    await this.#find(id)
    throw refusal
  }

  /** Errors: ManagementError 404. */
  async #find(id: string): Promise<void> {
    const { total } = await this.queries.execute(new FindConnections({ id }, { limit: 1 }))
    if (total === 0) throw absentConnection()
  }
}
