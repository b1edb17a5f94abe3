/**
 * Authorization owns clients, resource servers (APIs) and what a client may ask for at one. They are kept as current state in tables,
 * and each change is an event in the same transaction. It knows no tokens and no sessions' insides. A client's secret leaves it only in
 * the answer of FindClient; no event carries it.
 */
export { ChangeClient } from './commands/change-client.js'
export { ChangeClientGrant } from './commands/change-client-grant.js'
export { ChangeResourceServer } from './commands/change-resource-server.js'
export { CreateClient } from './commands/create-client.js'
export { CreateClientGrant } from './commands/create-client-grant.js'
export { CreateResourceServer } from './commands/create-resource-server.js'
export { FindClient, type FoundClient } from './queries/find-client.js'
export { FindClientGrant } from './queries/find-client-grant.js'
export { FindResourceServer } from './queries/find-resource-server.js'
export type { ClientDocument, ClientEvent } from './client/client.events.js'
export { client, CLIENT_DEFAULTS } from './client/client.js'
export type { ClientGrantDocument, ClientGrantEvent } from './client-grant/client-grant.events.js'
export { clientGrant } from './client-grant/client-grant.js'
export { MANAGEMENT_SCOPES } from './resource-server/management-scopes.js'
export type { ResourceServerDocument, ResourceServerEvent } from './resource-server/resource-server.events.js'
export { RESOURCE_SERVER_DEFAULTS, resourceServer } from './resource-server/resource-server.js'
export { AuthorizationModule } from './authorization.module.js'
