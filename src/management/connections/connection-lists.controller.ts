import { Get } from '@nestjs/common'
import { ManagementController } from '../management-controller.js'
import { Scopes } from '../scopes.js'

/** Lists about connections that are empty here: deploy tools ask for them and stop where there is none (spec/management-api.md §3.2). */
@ManagementController()
export class ConnectionListsController {
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
}
