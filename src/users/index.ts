/**
 * Users owns the people who log in, their passwords, the connections they come through, and the tenant's settings, which every module
 * above reads. All of it is kept as current state in tables, and each change is an event in the same transaction. It knows nothing of
 * clients, sessions or tokens: who must go when a person goes, listens to UserDeleted. Personal values leave it encrypted; whoever
 * shows them opens them (keys/person-keys.ts).
 */
export { AppointAdministrator } from './commands/appoint-administrator.js'
export { ChangePassword } from './commands/change-password.js'
export { ChangeTenantSettings } from './commands/change-tenant-settings.js'
export { CreateConnection } from './commands/create-connection.js'
export { CreateUser, type NewUser } from './commands/create-user.js'
export { DeleteUser } from './commands/delete-user.js'
export { FindConnection } from './queries/find-connection.js'
export { FindTenantSettings } from './queries/find-tenant-settings.js'
export { FindUser, type FoundUser, type UserKey } from './queries/find-user.js'
export type { ConnectionDocument, ConnectionEvent } from './connection/connection.events.js'
export { connection, DATABASE_OPTIONS } from './connection/connection.js'
export type { TenantEvent, TenantSettings } from './tenant/tenant.events.js'
export { tenant } from './tenant/tenant.js'
export type { UserEvent, UserProfile } from './user/user.events.js'
export { user } from './user/user.js'
export { hashPassword, isPassword } from './user/password.js'
export { UsersModule } from './users.module.js'
