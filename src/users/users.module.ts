import { Module } from '@nestjs/common'
import { CqrsModule } from '@nestjs/cqrs'
import { AppointAdministratorHandler } from './commands/appoint-administrator.js'
import { ChangePasswordHandler } from './commands/change-password.js'
import { ChangeTenantSettingsHandler } from './commands/change-tenant-settings.js'
import { CreateConnectionHandler } from './commands/create-connection.js'
import { CreateUserHandler } from './commands/create-user.js'
import { DeleteUserHandler } from './commands/delete-user.js'
import { FindConnectionHandler } from './queries/find-connection.js'
import { FindTenantSettingsHandler } from './queries/find-tenant-settings.js'
import { FindUserHandler } from './queries/find-user.js'

@Module({
  imports: [CqrsModule],
  providers: [
    CreateConnectionHandler,
    ChangeTenantSettingsHandler,
    CreateUserHandler,
    ChangePasswordHandler,
    AppointAdministratorHandler,
    DeleteUserHandler,
    FindConnectionHandler,
    FindTenantSettingsHandler,
    FindUserHandler,
  ],
})
export class UsersModule {}
