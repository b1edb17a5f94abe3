import type { QueryBus } from '@nestjs/cqrs'
import { FindResourceServers } from '../../authorization/index.js'
import { ManagementError } from '../../http/management-error.js'
import type { RolePermission } from '../../users/index.js'
import { noResourceServer } from '../resource-servers/resource-servers.controller.js'
import type { PermissionBody } from './roles.dto.js'
import { refusedBody } from '../validation/valid-body.js'

export const noRole = (): ManagementError => new ManagementError(404, 'The role does not exist.')

/** Permissions that a body names, each a scope of an API that is there. Errors: ManagementError 404, 400. */
export async function namedPermissions(queries: QueryBus, bodies: readonly PermissionBody[]): Promise<RolePermission[]> {
  const identifiers = [...new Set(bodies.map(({ resource_server_identifier }) => resource_server_identifier))]
  const { rows } = await queries.execute(new FindResourceServers({ identifiers }, { limit: identifiers.length }))
  const apis = new Map(rows.map(({ document }) => [document.identifier, document]))
  return bodies.map(({ resource_server_identifier, permission_name }) => {
    const api = apis.get(resource_server_identifier)
    if (!api) throw noResourceServer()
    if (!api.scopes.some(({ value }) => value === permission_name)) {
      throw refusedBody(`The permission ${permission_name} is not defined in the resource server.`)
    }
    return { resourceServerId: api.id, resourceServerIdentifier: api.identifier, name: permission_name }
  })
}

/** What is to be taken need not be there. */
export const withoutIds = (bodies: readonly PermissionBody[]): { resourceServerIdentifier: string; name: string }[] =>
  bodies.map(({ resource_server_identifier, permission_name }) => ({ resourceServerIdentifier: resource_server_identifier, name: permission_name }))
